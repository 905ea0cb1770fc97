//go:build unix && !cgo

// Package cfault ends the process with a fault in C code, for tests of procpool.
package cfault

import (
	"os"
	"syscall"
)

// Fault sends SIGSEGV to the process, because there is no C code without cgo.
func Fault() { syscall.Kill(os.Getpid(), syscall.SIGSEGV) }
