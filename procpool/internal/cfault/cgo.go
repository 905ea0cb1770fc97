//go:build cgo

// Package cfault ends the process with a fault in C code, for tests of procpool.
package cfault

/*
static void fault(void) {
	volatile int *nowhere = 0;
	*nowhere = 1;
}
*/
import "C"

// Fault causes a segmentation violation in C code.
func Fault() { C.fault() }
