package coro

import (
	"reflect"
	"runtime"
	"strconv"
	"sync/atomic"
)

// A Site is a place in the program: the distance of a program counter from a function of this
// package. It has half the size of a program counter. Zero means unknown.
type Site int32

var siteBase = reflect.ValueOf(ID).Pointer()

func siteOf(pc uintptr) Site {
	distance := int64(pc) - int64(siteBase)
	if s := Site(distance); int64(s) == distance {
		return s
	}
	return 0 // in a plugin
}

// hops is found.hops. It may be read before Check has returned. While it is zero, CallSite uses the
// portable walk.
var hops atomic.Uintptr

// CallSite returns the place of the call of the function that calls CallSite, which must be marked
// noinline. It takes a few loads if the frame pointers can be followed.
//
//go:noinline
func CallSite() Site {
	if h := hops.Load(); h != 0 {
		return siteOf(returnPC(h))
	}
	return siteOf(slowCallSite())
}

// slowCallSite returns the return address of the caller of the function that calls it, with the
// portable walk.
//
//go:noinline
func slowCallSite() uintptr {
	var pc [1]uintptr
	runtime.Callers(4, pc[:]) // Callers, slowCallSite, its caller, the caller's caller
	return pc[0]
}

// Stack returns at most 32 program counters of the calling goroutine's stack, the innermost first.
func Stack() []uintptr {
	pcs := make([]uintptr, 32)
	return pcs[:runtime.Callers(2, pcs)]
}

// String prints the site as "file:line".
func (s Site) String() string {
	if s == 0 {
		return "unknown"
	}
	frame, _ := runtime.CallersFrames([]uintptr{uintptr(int64(siteBase) + int64(s))}).Next()
	if frame.File == "" {
		return "unknown"
	}
	return frame.File + ":" + strconv.Itoa(frame.Line)
}
