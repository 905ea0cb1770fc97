package engine

import (
	"context"
	"log/slog"
	"time"
)

// A Poller waits for events of the operating system. With a Poller the loop waits in Wait only. Wait
// calls the handlers of ready descriptors on the loop.
type Poller interface {
	// Wait handles events. With d < 0 it blocks until an event comes or Wake is called. With
	// d > 0 it blocks for d at most, and with 0 it does not block.
	Wait(d time.Duration)
	// Wake ends a Wait, or the next one if none is under way. From any goroutine.
	Wake()
	// Close is called when the loop has ended.
	Close()
}

// SetPoller sets the poller of the loop. On the loop only; a second call panics.
func (l *Loop) SetPoller(p Poller) {
	if !l.poller.CompareAndSwap(nil, &p) {
		panic("asyncio: the loop has a poller already")
	}
}

// pollEvery is the interval at which a busy loop calls the poller.
const pollEvery = 50 * time.Microsecond

// pollDue reports whether a busy loop must call the poller.
func (l *Loop) pollDue() bool {
	return l.poller.Load() != nil && l.Elapsed()-l.polledAt >= int64(pollEvery)
}

// poll calls the poller if it is due.
func (l *Loop) poll() {
	if l.pollDue() {
		(*l.poller.Load()).Wait(0)
		l.polledAt = l.Elapsed()
	}
}

// Suspending admits a call without a ctx. The calling goroutine must run a step of a task of l. The
// cancellation of the innermost body of the task ends the wait (S22). ok is false if the goroutine does
// not run a step of l.
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

// SteppingTask returns the context that ends a call without a ctx: that of the innermost body of the
// task, of any loop, whose step the calling goroutine runs. It returns nil if the goroutine runs no
// step. It returns an error in a callback, and in a sequence of iter.Pull that a task has resumed.
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

// Refuse returns err, for a call with a cancelled ctx. If the task makes such calls in a row, Refuse
// suspends it for a turn each time (S13).
func (c Caller) Refuse(err error) error { return c.L.refuse(c.r, err) }

// Wake is the reason why a wait ended.
type Wake = wakeReason

const (
	WokenByEvent  = wokenByEvent
	WokenByCancel = wokenByCancel
	WokenByTimer  = wokenByTimer
)

// Why says why a task is parked.
type Why = why

// ParkUntil is Park with a time of the loop's clock at which it ends; 0: none. It is for waits that are
// repeated until a condition holds: it returns at once if the caller is cancelled.
func (c Caller) ParkUntil(q *WaitList, until int64, why Why) Wake {
	if c.n != nil && c.n.cancelled(c.L) != nil {
		return WokenByCancel
	}
	if until != 0 {
		c.L.timers.Arm(until, c.r)
	}
	return c.L.park(c.r, q, c.n, why)
}

// ParkRunning is ParkUntil for the running task, which Suspending has admitted in this step and which is
// not cancelled. It uses little of the task's stack, which then has half the size: for long waits of
// many tasks.
func (l *Loop) ParkRunning(q *WaitList, until int64, why Why) {
	r := l.cur.Load()
	if until != 0 {
		l.timers.Arm(until, r)
	}
	l.park(r, q, r.task.Load().bound(), why)
}

// mostOps is the number of calls in a row without a wait after which a task is suspended for a turn. So
// a busy connection does not starve other tasks.
const mostOps = 64

// Spend counts a call that did not wait. It suspends the task for a turn after mostOps of them, and if
// the step has used up its time slice.
func (c Caller) Spend() {
	if c.r.ops++; c.r.ops >= mostOps || c.L.Slice.Load() {
		c.r.ops = 0
		c.L.yield(c.r)
	}
}

// Do calls fn on the loop: at once if the caller is on it, otherwise at the beginning of the next turn.
// fn must not panic. Do returns ErrLoopClosed if the loop has ended.
func (l *Loop) Do(fn func()) error {
	if l.Here() {
		fn()
		return nil
	}
	return l.post(fn)
}

// Log writes a message with the name of the loop, if it has one.
func (l *Loop) Log(level slog.Level, msg string, args ...any) { l.log(level, msg, args...) }

// Bubbled reports whether the loop runs in a testing/synctest bubble. The time of a bubble does not pass
// while one of its goroutines waits for an event outside of it.
func (l *Loop) Bubbled() bool { return l.bubbled() }
