package asyncio

import (
	"errors"
	"io"
	"time"
)

// TaskStats is what a loop in debug mode keeps of a task.
type TaskStats struct {
	Steps   uint64        // from one await to the next, that have ended
	Ran     time.Duration // in those steps
	Longest time.Duration // of them
	// Where the longest step began and ended, as file:line of the awaits; empty stands
	// for the task's beginning and for its end.
	LongestFrom, LongestUntil string
	// Current is how long the running step has taken so far; 0 if the task does not run.
	Current time.Duration
}

// StatsOf returns what the loop of a task keeps of it, and false if that is not in
// debug mode: see WithDebug. From any goroutine, also while the loop is blocked and
// after the task has ended.
func StatsOf(t AnyTask) (TaskStats, bool) {
	if t == nil {
		panic("asyncio: StatsOf: nil task")
	}
	s, ok := t.core().Stats()
	return TaskStats{
		Steps: s.Steps, Ran: time.Duration(s.Ran), Longest: time.Duration(s.Longest), Current: time.Duration(s.Current),
		LongestFrom: s.LongestFrom, LongestUntil: s.LongestUntil,
	}, ok
}

// Trace writes what a loop in debug mode did lately, up to now, as JSON in Chrome's
// trace event format: the last 65,536 events. Open it at ui.perfetto.dev, or in
// chrome://tracing. It shows each step with the line at which it ended and what the task
// awaited there, callbacks, when the loop was idle, how many tasks were ready, and for
// each task how long it lived and what it waited for. A step that goes on is shown as
// long as it has lasted.
//
// From any goroutine, also while the loop is blocked and after Run has returned. It
// returns the error of w, and an error if the loop is not in debug mode: see WithDebug.
func (l *Loop) Trace(w io.Writer) error {
	if w == nil {
		return errors.New("asyncio: Loop.Trace: nil writer")
	}
	l.made("Loop.Trace")
	if l.debugger == nil {
		return errors.New("asyncio: Trace: the loop keeps no history; give it WithDebug(true), or set ASYNCIO_DEBUG=1")
	}
	return l.debugger.WriteTrace(w)
}
