package engine

import (
	"context"
	"log/slog"
	"time"
)

// A Poller waits for the world outside the process, in place of the loop's own
// waiting: there is one place where the loop waits. It calls back, on the loop, for
// what has become ready.
type Poller interface {
	// Wait looks for events and handles them. With d < 0 it blocks until there is one
	// or Wake is called, with d > 0 not longer than that, with 0 not at all.
	Wait(d time.Duration)
	// Wake ends a Wait, or the next one if none is under way. From any goroutine.
	Wake()
	// Close is called when the loop has ended.
	Close()
}

// SetPoller has the loop wait by p. On the loop only, once.
func (l *Loop) SetPoller(p Poller) {
	if !l.poller.CompareAndSwap(nil, &p) {
		panic("asyncio: the loop has a poller already")
	}
}

// pollEvery is how long input and output may wait while there is other work.
const pollEvery = 50 * time.Microsecond

// pollDue reports whether the poller is to be asked although there is work.
func (l *Loop) pollDue() bool {
	return l.poller.Load() != nil && l.Elapsed()-l.polledAt >= int64(pollEvery)
}

// poll asks the poller what has become ready, if it was not asked lately.
func (l *Loop) poll() {
	if l.pollDue() {
		(*l.poller.Load()).Wait(0)
		l.polledAt = l.Elapsed()
	}
}

// Suspending admits a call that has no ctx: the calling goroutine must run a step
// of l, in a task. The cancellation of the innermost body that the task is in ends
// the wait (S22). ok is false if the goroutine does not run the loop at all.
func (l *Loop) Suspending() (c Caller, ok bool, err error) {
	r := l.cur.Load()
	switch {
	case !r.here():
		return Caller{}, false, nil
	case r == &l.rootRunner:
		return Caller{}, true, Refuse(ErrWrongTask, whatCallback)
	}
	return Caller{l, r, r.task.Load().bound()}, true, nil
}

// SteppingTask returns the context that ends a call without a ctx: of the innermost
// body of the task, of any loop, whose step the calling goroutine runs. It is nil if
// there is none. In a callback it returns an error, and in a sequence of iter.Pull
// that a task has resumed, which may not suspend the task.
func SteppingTask() (context.Context, error) {
	l := steppingHere()
	if l == nil {
		return nil, refusePulled()
	}
	t := l.Current()
	if t == nil {
		return nil, Refuse(ErrWrongTask, whatCallback)
	}
	return t.bound(), nil
}

// Refuse returns err, which a call with a cancelled ctx returns without waiting, and
// has a task that goes on so give up turns (S13).
func (c Caller) Refuse(err error) error { return c.L.refuse(c.r, err) }

// Wake is why a wait ended.
type Wake = wakeReason

const (
	WokenByEvent  = wokenByEvent
	WokenByCancel = wokenByCancel
	WokenByTimer  = wokenByTimer
)

// Why is what a task waits for, in a word, for dumps.
type Why = why

// ParkUntil is Park that ends at the given time of the loop's clock too, unless that
// is 0. It is for waits that are repeated until there is what is waited for: a task
// that was cancelled between being woken and looking is not parked again.
func (c Caller) ParkUntil(q *WaitList, until int64, why Why) Wake {
	if c.n != nil && c.n.cancelled(c.L) != nil {
		return WokenByCancel
	}
	if until != 0 {
		c.L.timers.Arm(until, c.r)
	}
	return c.L.park(c.r, q, c.n, why)
}

// ParkRunning is ParkUntil for the running task, which Suspending has admitted in this
// step and found not cancelled. It is for waits that are long and many: it leaves
// little on the task's stack, which then has half the size.
func (l *Loop) ParkRunning(q *WaitList, until int64, why Why) {
	r := l.cur.Load()
	if until != 0 {
		l.timers.Arm(until, r)
	}
	l.park(r, q, r.task.Load().bound(), why)
}

// mostOps is how many calls in a row may find their result ready before the task
// gives up a turn, so that a busy connection does not starve the rest.
const mostOps = 64

// Spend counts a call that did not have to wait, and now and then gives up a turn:
// after many of them, or when the step has used up its time slice.
func (c Caller) Spend() {
	if c.r.ops++; c.r.ops >= mostOps || c.L.Slice.Load() {
		c.r.ops = 0
		c.L.yield(c.r)
	}
}

// Do runs fn on the loop: at once if the caller is there, else at the beginning of
// its next turn. fn is the library's and does not panic. It returns ErrLoopClosed
// when the loop has ended.
func (l *Loop) Do(fn func()) error {
	if l.Here() {
		fn()
		return nil
	}
	return l.post(fn)
}

// Log writes a message with the name of the loop, if it has one.
func (l *Loop) Log(level slog.Level, msg string, args ...any) { l.log(level, msg, args...) }

// Bubbled reports whether the loop's clock is a testing/synctest bubble's, which
// does not advance while something real is waited for.
func (l *Loop) Bubbled() bool { return l.bubbled() }
