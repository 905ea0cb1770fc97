//go:build unix && !cgo

// Package cfault is C code with a mistake in it, for the tests of procpool.
package cfault

import (
	"os"
	"syscall"
)

// Fault sends the process a segmentation violation, as there is no C code.
func Fault() { syscall.Kill(os.Getpid(), syscall.SIGSEGV) }
