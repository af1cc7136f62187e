// Package rest would reach an API server.
package rest

import "errors"

// ErrNoCluster says that there is no cluster to reach.
var ErrNoCluster = errors.New("there is no cluster in the sandbox")

// Config says how to reach an API server.
type Config struct{}
