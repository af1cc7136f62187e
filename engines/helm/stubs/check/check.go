// Package check compares the stubs with the modules that they stand for: it is a module of its own
// that uses the real ones.
package check
