package coro

import (
	"bytes"
	"runtime"
	"strconv"
)

// Goroutine numbers, as stack traces print them, identify the creator of a coroutine. They are read
// only before a call fails.

// ID returns the number of the calling goroutine.
func ID() uint64 {
	var buf [64]byte
	return number(buf[:runtime.Stack(buf[:], false)], "goroutine ")
}

// Number returns the number of the goroutine with this stack trace, or 0 if the text is not a
// trace.
func Number(trace string) uint64 { return number([]byte(trace[:min(len(trace), 64)]), "goroutine ") }

// NumberOf returns the number of a live goroutine, where g is a value of G. It returns 0 if the
// number is not known.
func NumberOf(g uintptr) uint64 { return idOf(g) }

// number parses the digits that follow prefix in a trace. It returns 0 if there are none.
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

// creation returns the number of the goroutine that created the one with this trace, and the file
// of the statement. For the first goroutine of the program both are zero. Lines of ancestors follow
// in the trace if GODEBUG=tracebackancestors=1 is set.
func creation(trace []byte) (creator uint64, file string) {
	_, rest, _ := bytes.Cut(trace, []byte("\ncreated by "))
	line, rest, _ := bytes.Cut(rest, []byte("\n"))
	at, _, _ := bytes.Cut(rest, []byte("\n"))
	return number(line, " in goroutine "), string(at[:max(0, bytes.LastIndexByte(at, ':'))])
}

func stack(all bool) []byte {
	for buf := make([]byte, 16<<10); ; buf = make([]byte, 4*len(buf)) {
		if n := runtime.Stack(buf, all); n < len(buf) || len(buf) >= 256<<20 {
			return buf[:n]
		}
	}
}

// isCoroutine reports whether iter.Pull created the calling goroutine. It walks the stack.
func isCoroutine() bool {
	pcs := make([]uintptr, 64)
	n := runtime.Callers(1, pcs)
	for n == len(pcs) {
		pcs = make([]uintptr, 4*len(pcs))
		n = runtime.Callers(1, pcs)
	}
	return Begun(pcs[:n])
}

// Begun reports whether stack is the whole stack of a coroutine that has begun.
func Begun(stack []uintptr) bool {
	for _, pc := range stack[max(min(1, len(stack)), len(stack)-2):] { // goexit may follow the first function
		if f := runtime.FuncForPC(pc - 1); f != nil && f.Name() == "runtime.corostart" {
			return true
		}
	}
	return false
}

// PulledFrom reports whether the calling goroutine is a coroutine that iter.Pull created in the
// goroutine g (a value of G), or in such a coroutine of g. It reads stack traces, which takes tens
// of microseconds. In the nested case it reads the traces of the whole process. Check must have
// returned before.
func PulledFrom(g uintptr) bool {
	if !isCoroutine() {
		return false
	}
	root := idOf(g)
	parent, _ := creation(stack(false))
	if parent == root {
		return parent != 0
	}
	parents := map[uint64]uint64{} // of coroutines; the trace shows the file of iter.Pull even if it is inlined
	for trace := range bytes.SplitSeq(stack(true), []byte("\n\n")) {
		if creator, file := creation(trace); file == found.pull {
			parents[number(trace, "goroutine ")] = creator
		}
	}
	for parent != 0 && parent != root {
		parent = parents[parent]
	}
	return parent != 0
}
