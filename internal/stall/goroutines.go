package stall

import (
	"runtime"
	"strconv"
	"strings"
)

// A Goroutine is a goroutine of the process, as the runtime prints it.
type Goroutine struct {
	ID      uint64
	State   string // such as "chan receive"
	Durable bool   // in a testing/synctest bubble: no goroutine outside of it can end the wait
	Bubble  string // the number of its bubble; "" if it is in none
	Trace   string // with the header
}

// Goroutines returns all goroutines. It stops the world for about 10 microseconds per goroutine.
func Goroutines() []Goroutine {
	buf := make([]byte, 16<<10) // enough for most tests, which call it often
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) || len(buf) >= 64<<20 {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 4*len(buf))
	}
	var all []Goroutine
	for trace := range strings.SplitSeq(string(buf), "\n\n") {
		if g, ok := parseGoroutine(trace); ok {
			all = append(all, g)
		}
	}
	return all
}

// ThisGoroutine returns the calling goroutine.
func ThisGoroutine() Goroutine {
	buf := make([]byte, 16<<10)
	g, _ := parseGoroutine(string(buf[:runtime.Stack(buf, false)]))
	return g
}

// parseGoroutine reads a trace whose header is like "goroutine 7 [sleep (durable), 2
// minutes, synctest bubble 1]:".
func parseGoroutine(trace string) (g Goroutine, ok bool) {
	head, _, _ := strings.Cut(trace, "\n")
	rest, ok := strings.CutPrefix(head, "goroutine ")
	if !ok {
		return g, false
	}
	number, _, _ := strings.Cut(rest, " ")
	g.ID, _ = strconv.ParseUint(number, 10, 64)
	g.State, g.Durable, g.Trace = stateOf(head), strings.Contains(head, " (durable)"), trace
	if _, bubble, ok := strings.Cut(head, ", synctest bubble "); ok {
		g.Bubble = bubble[:len(bubble)-len(strings.TrimLeft(bubble, "0123456789"))]
	}
	return g, true
}

// Waits reports whether the goroutine waits. It is then neither running, nor runnable, nor working
// for the runtime.
func (g Goroutine) Waits() bool {
	switch g.State {
	case "sleep", "IO wait", "syscall", "semacquire", "coroutine", "synctest.Run", "synctest.Wait":
		return true
	}
	for _, prefix := range []string{"chan ", "select", "sync."} {
		if strings.HasPrefix(g.State, prefix) {
			return true
		}
	}
	return false
}

// WaitsForLock reports whether another goroutine must unlock a lock of package sync first.
func (g Goroutine) WaitsForLock() bool {
	return strings.HasPrefix(g.State, "sync.Mutex.") || strings.HasPrefix(g.State, "sync.RWMutex.")
}

// WaitsForSystem reports whether the goroutine waits for the system. Another process may then end
// the wait.
func (g Goroutine) WaitsForSystem() bool { return g.State == "IO wait" || g.State == "syscall" }

// PulledBy reports whether the goroutine is a coroutine that the goroutine with this ID created by
// iter.Pull.
func (g Goroutine) PulledBy(id uint64) bool {
	at := strings.LastIndex(g.Trace, "created by iter.Pull")
	if at < 0 {
		return false
	}
	head, _, _ := strings.Cut(g.Trace[at:], "\n")
	return strings.HasSuffix(head, " in goroutine "+strconv.FormatUint(id, 10))
}

// Place returns the trace without the header, which contains a duration.
func (g Goroutine) Place() string {
	_, frames, _ := strings.Cut(g.Trace, "\n")
	return frames
}
