package engine

import "unsafe"

// addressOf is t's address as stack traces print it. Objects do not move.
func addressOf(t *Task) uintptr { return uintptr(unsafe.Pointer(t)) }

// wordOf is the word that a channel value is.
func wordOf(ch chan struct{}) uintptr {
	if unsafe.Sizeof(ch) != unsafe.Sizeof(uintptr(0)) {
		return 0
	}
	return *(*uintptr)(unsafe.Pointer(&ch))
}

// entryPoint returns the address of the code of fn.
func entryPoint(fn func()) uintptr { return **(**uintptr)(unsafe.Pointer(&fn)) }
