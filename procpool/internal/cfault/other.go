//go:build !unix && !cgo

// Package cfault is C code with a mistake in it, for the tests of procpool.
package cfault

import "os"

// Fault ends the process, as there is neither C code nor a signal.
func Fault() { os.Exit(2) }
