package engine

import "unsafe"

// addressOf is t's address as stack traces print it. Objects do not move.
func addressOf(t *Task) uintptr { return uintptr(unsafe.Pointer(t)) }
