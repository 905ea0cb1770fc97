package coro

import (
	"bytes"
	"runtime"
	"strconv"
)

// Goroutine numbers, as stack traces print them, tell who created a coroutine.
// They are needed only where a call is about to be refused.

// ID returns the number of the calling goroutine.
func ID() uint64 {
	var buf [64]byte
	return number(buf[:runtime.Stack(buf[:], false)], "goroutine ")
}

// number parses the digits that follow prefix in a trace; 0 if there are none.
func number(trace []byte, prefix string) uint64 {
	_, rest, _ := bytes.Cut(trace, []byte(prefix))
	end := 0
	for end < len(rest) && '0' <= rest[end] && rest[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(string(rest[:end]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

const pulledBy = "created by iter.Pull"

// creator returns who created the coroutine with this trace, 0 if it is none.
func creator(trace []byte) uint64 {
	i := bytes.LastIndex(trace, []byte(pulledBy))
	if i < 0 {
		return 0
	}
	return number(trace[i:], " in goroutine ")
}

func stack(all bool) []byte {
	for buf := make([]byte, 16<<10); ; buf = make([]byte, 4*len(buf)) {
		if n := runtime.Stack(buf, all); n < len(buf) || len(buf) >= 256<<20 {
			return buf[:n]
		}
	}
}

// isCoroutine reports whether the calling goroutine was made by iter.Pull, at the
// price of a walk over its stack.
func isCoroutine() bool {
	for pcs := make([]uintptr, 64); ; pcs = make([]uintptr, 4*len(pcs)) {
		n := runtime.Callers(1, pcs)
		if n == len(pcs) {
			continue
		}
		for _, pc := range pcs[max(0, n-2):n] { // goexit may come after the first function
			if f := runtime.FuncForPC(pc - 1); f != nil && f.Name() == "runtime.corostart" {
				return true
			}
		}
		return false
	}
}

// PulledFrom reports whether the calling goroutine is a coroutine that was made
// by iter.Pull in the goroutine g (a value of G), or in such a coroutine of it.
// It reads traces: tens of microseconds, and the whole process's for the nested
// case.
func PulledFrom(g uintptr) bool {
	if !isCoroutine() {
		return false
	}
	root := idOf(g)
	parent := creator(stack(false))
	if parent == 0 || root == 0 || parent == root {
		return parent != 0
	}
	parents := map[uint64]uint64{}
	for _, trace := range bytes.Split(stack(true), []byte("\n\n")) {
		parents[number(trace, "goroutine ")] = creator(trace)
	}
	for parent != 0 && parent != root {
		parent = parents[parent]
	}
	return parent == root
}
