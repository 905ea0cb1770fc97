//go:build !unix && !cgo

// Package cfault ends the process with a fault in C code, for tests of procpool.
package cfault

import "os"

// Fault exits, because there is neither C code nor SIGSEGV.
func Fault() { os.Exit(2) }
