package coro

import (
	"runtime"
	"strconv"
)

// CallSite returns the program counter of the call of the function that calls
// CallSite, which must be marked noinline. It costs two loads where the frame
// pointer can be followed. Use [Location] to print it.
//
//go:noinline
func CallSite() uintptr {
	if hops != 0 {
		return returnPC(hops)
	}
	return slowCallSite()
}

// slowCallSite returns the return address of the caller of the function that
// calls it, by the portable walk.
//
//go:noinline
func slowCallSite() uintptr {
	var pc [1]uintptr
	runtime.Callers(4, pc[:]) // Callers, slowCallSite, its caller, the caller's caller
	return pc[0]
}

// Stack returns the program counters of the calling goroutine's stack, at most
// 32, the innermost first.
func Stack() []uintptr {
	pcs := make([]uintptr, 32)
	return pcs[:runtime.Callers(2, pcs)]
}

// Location prints a program counter of CallSite as "file:line".
func Location(pc uintptr) string {
	if pc == 0 {
		return "unknown"
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	if frame.File == "" {
		return "unknown"
	}
	return frame.File + ":" + strconv.Itoa(frame.Line)
}
