//go:build cgo

// Package cfault is C code with a mistake in it, for the tests of procpool.
package cfault

/*
static void fault(void) {
	volatile int *nowhere = 0;
	*nowhere = 1;
}
*/
import "C"

// Fault ends the process by a segmentation violation in C code.
func Fault() { C.fault() }
