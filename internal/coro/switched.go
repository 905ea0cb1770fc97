package coro

import (
	"bytes"
	"strconv"
)

// Switched reports whether the goroutine g (a value of G) stands in a coroutine
// switch: it has resumed another, or was suspended. One that runs, or blocks in
// anything else, does not.
func Switched(g uintptr) bool {
	if s := stateOf(g); s != 0 {
		return s == switchedState()
	}
	return switchedIn(stack(true), idOf(g))
}

// switchedIn looks a goroutine up in a trace of all.
func switchedIn(traces []byte, id uint64) bool {
	_, rest, found := bytes.Cut(traces, []byte("goroutine "+strconv.FormatUint(id, 10)+" ["))
	return found && bytes.HasPrefix(rest, []byte("coroutine"))
}
