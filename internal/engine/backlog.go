package engine

// The watch counts the ready tasks and the late timers of a blocked loop from its own goroutine.
// Metrics reads the counts that a blocked loop owns.

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

// ownCounts are the counts that a loop owns.
type ownCounts struct {
	turns                uint64
	more, left           int
	admitted, ended      int
	refused, failed      int
	cancelled, panicked  int
	ready, calls, timers int
}

// ownCountsNow reads the counts of a loop that does not answer.
//
//go:norace
func (l *Loop) ownCountsNow() ownCounts {
	c := &l.counters
	return ownCounts{l.turns, c.more, l.left, c.admitted, c.ended, c.refused, c.failed, c.cancelled, c.panicked,
		l.ready.line.Glance(), l.ready.calls.Glance(), l.timers.Glance()}
}

// countOutside replaces the counts in s, which the loop published before the step that blocks it.
// It keeps them if a count changes, because the loop is then not blocked.
func (l *Loop) countOutside(s *Metrics) {
	running := l.Running()
	o := l.ownCountsNow()
	if o != l.ownCountsNow() || running != l.Running() {
		return
	}
	s.Turns, s.Steps = o.turns, max(s.Steps, uint64(max(0, int(o.turns)+o.more-o.left)))
	s.Ready, s.Timers, s.Live, s.Running = o.ready, o.timers, o.admitted-o.ended, running != nil
	s.Waiting = s.Live - (o.ready - o.calls)
	if s.Running {
		s.Waiting--
	}
	s.Waiting = max(0, s.Waiting)
	s.Created, s.Succeeded = uint64(o.admitted+o.refused), uint64(o.ended-o.failed-o.cancelled-o.panicked)
	s.Failed, s.Cancelled, s.Panicked = uint64(o.failed+o.refused), uint64(o.cancelled), uint64(o.panicked)
}
