// Package errors classifies errors of an API server; here there is none.
package errors

// IsNotFound reports whether an object was not there.
func IsNotFound(error) bool { return false }
