package engine

// The watch counts the ready tasks and the late timers of a blocked loop from its own goroutine.

// readyNow returns the number of ready tasks and callbacks. From any goroutine; approximate.
func (l *Loop) readyNow() int {
	n := l.ready.line.Glance()
	l.inbox.mu.Lock()
	n += len(l.inbox.posts)
	l.inbox.mu.Unlock()
	return n
}

// lateNow returns the number of timers that were due at the given time, at most maxLate. From any
// goroutine; approximate.
func (l *Loop) lateNow(now int64) int { return l.timers.Late(now, maxLate) }

const maxLate = 100_000
