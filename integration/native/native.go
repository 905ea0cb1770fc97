//go:build cgo

package native

/*
#include <unistd.h>

static volatile int held;

static void hold(void) { held = 1; }
static void release(void) { held = 0; }
static void doze(void) { while (held) usleep(1000); }
static void crunch(void) { while (held) {} }
*/
import "C"

// Hold has the functions of this package block until Release is called.
func Hold() { C.hold() }

// Release ends what blocks. From any goroutine.
func Release() { C.release() }

// Doze waits in C.
func Doze() {
	C.doze() // blocks: Doze
}

// Crunch computes in C.
func Crunch() {
	C.crunch() // blocks: Crunch
}

// A Library is what bindings make of C: its methods are called through interfaces.
type Library struct{}

// Query waits in C.
func (Library) Query() {
	C.doze() // blocks: Query
}

// Each computes in C for each value.
func Each[T any](values []T, fn func(T)) {
	for _, v := range values {
		C.crunch() // blocks: Each
		fn(v)
	}
}

// Descend waits in C, deep down.
func Descend(depth int) int {
	if depth > 0 {
		return 1 + Descend(depth-1)
	}
	C.doze() // blocks: Descend
	return 0
}
