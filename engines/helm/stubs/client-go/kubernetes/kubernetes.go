// Package kubernetes is imported so that client-go is in the build information.
package kubernetes
