package engine

import (
	"context"
	"math"
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio/internal/callsite"
	"github.com/asyncio-go/asyncio/internal/timerheap"
)

// A Caller is a suspending call that was admitted: the loop, the runner of the running task, and the
// node whose cancellation ends the wait.
type Caller struct {
	L *Loop
	r *runner
	n *Node // nil: no cancellation ends the wait
}

// Task returns the running task.
func (c Caller) Task() *Task { return c.r.task.Load() }

// Enter admits a suspending call with ctx (S13, S19, S20). The calling goroutine must run the current
// step of the loop of ctx, and ctx must not be cancelled.
func Enter(ctx context.Context) (Caller, error) {
	n, ok := ctx.(*Node)
	if !ok {
		return enterForeign(ctx)
	}
	l := n.scope.loop
	r := l.cur.Load()
	if !r.here() || r == &l.rootRunner {
		if err := l.mismatch(r); err != nil {
			return Caller{}, err
		}
	}
	if l.confined != 0 {
		n = l.confine(ctx, n)
	}
	if err := n.cancelled(l); err != nil {
		return Caller{}, l.refuse(r, err)
	}
	return Caller{l, r, n}, nil
}

// enterForeign is Enter for a context that is not a Node.
func enterForeign(ctx context.Context) (Caller, error) {
	if ctx == nil {
		return Caller{}, NilContext()
	}
	own := NodeOf(ctx)
	if own == nil {
		return Caller{}, NoLoop()
	}
	l := own.scope.loop
	r := l.cur.Load()
	if !r.here() || r == &l.rootRunner {
		if err := l.mismatch(r); err != nil {
			return Caller{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return Caller{}, l.refuse(r, err)
	}
	n := l.carrier(ctx, own)
	if l.confined != 0 {
		n = l.confine(ctx, n)
		if n != nil && n.cancelled(l) != nil {
			return Caller{}, l.refuse(r, n.cancelled(l))
		}
	}
	return Caller{l, r, n}, nil
}

// Park suspends the task. It returns true if the list wakes the task, and false if the cancellation
// of its context does. Either removes the task from the other one, so that nothing is handed to a
// task that leaves (S15).
func (c Caller) Park(q *WaitList, why why) bool {
	return c.L.park(c.r, q, c.n, why) == wokenByEvent
}

// ParkOrClose is Park for a list that can be closed. closed reports whether it was.
func (c Caller) ParkOrClose(q *WaitList, why why) (woken, closed bool) {
	reason := c.L.park(c.r, q, c.n, why)
	return reason == wokenByEvent, reason == wokenByClose
}

// Sleep suspends the task until the given time of the loop's clock. It returns the error of a
// cancellation that comes before the task continues.
func (c Caller) Sleep(until int64) error {
	c.L.timers.Arm(until, c.r)
	c.L.park(c.r, nil, c.n, forSleep)
	return c.Err()
}

// Yield suspends the task for one turn, in which all other ready tasks run.
func (c Caller) Yield() error {
	if !c.L.emptyTurn() { // the code of yield: one frame less (see park)
		c.L.ready.pushTask(c.r.task.Load())
		c.L.park(c.r, nil, nil, forYield)
	}
	c.r.spun = false
	return c.Err()
}

// Err returns the error of the caller's context; nil: not cancelled.
func (c Caller) Err() error {
	if c.n == nil {
		return nil
	}
	return c.n.cancelled(c.L)
}

// Shielded returns the caller without a cancellation.
func (c Caller) Shielded() Caller { return Caller{c.L, c.r, nil} }

// wake makes a parked task ready, and removes it from all lists.
func (l *Loop) wake(r *runner, reason wakeReason) {
	r.w.Remove()
	r.leaveNode()
	if r.timer.Armed() {
		l.timers.Disarm(r)
	}
	r.woken = reason
	l.ready.pushTask(r.task.Load())
}

// settled implements notified.
func (r *runner) settled() { r.loop.wake(r, wokenByEvent) }

// Clock implements timerheap.Item.
func (r *runner) Clock() *timerheap.Timer { return &r.timer }

// Expire implements timerheap.Item: the time for which the task sleeps or waits is over.
func (r *runner) Expire() { r.loop.wake(r, wokenByTimer) }

// yield suspends the task for one turn. If no other task is ready, the turn ends without a switch,
// unless the root is needed.
func (l *Loop) yield(r *runner) {
	if !l.emptyTurn() {
		l.ready.pushTask(r.task.Load())
		l.park(r, nil, nil, forYield)
	}
}

// emptyTurn reports whether the turn has nothing to do, and then counts it.
func (l *Loop) emptyTurn() bool {
	if l.ready.len() == 0 && !l.mark.Load() && l.signal.Load() == 0 && l.turns&l.rootMask != 0 && !l.timersDue() && !l.pollDue() {
		l.turns++
		return true
	}
	return false
}

// refuse handles an await with a cancelled ctx. From the second such await without a wait on, it
// suspends the task for a turn, so that other tasks run. It reports a cancelled task that continues to
// await (S13).
func (l *Loop) refuse(r *runner, err error) error {
	if r.spun {
		l.yield(r)
	}
	r.spun = true
	if t := r.task.Load(); t.node.state.Load() != nil {
		if r.refused < refusalsGivenUp {
			r.refused++
		}
		switch {
		case r.refused == refusalsReported:
			l.reportIgnoring(t)
		case r.refused == refusalsGivenUp && l.cfg.Virtual:
			l.cfg.OnIgnoredCancel(t, callsite.UserLine())
			runtime.Goexit() // virtual time does not pass while the task runs, so it would not end
		}
	}
	return err
}

const (
	refusalsReported = 1000
	refusalsGivenUp  = 10_000 // in virtual time
)

// Check implements Checkpoint: it yields if the step has used up its time slice. Off the loop it
// returns ctx.Err().
func Check(ctx context.Context) error {
	if n, ok := ctx.(*Node); ok {
		l := n.scope.loop
		if r := l.cur.Load(); r.here() && r != &l.rootRunner &&
			!l.Slice.Load() && n.state.Load() == nil && n.anchor == nil && !n.gone() && l.signal.Load() == 0 && l.confined == 0 {
			return nil
		}
	}
	if off, err := offLoop(ctx); off {
		return err
	}
	caller, err := Enter(ctx)
	if err == nil && caller.L.Slice.Load() {
		caller.L.fireTimers() // due timers have waited for a time slice, and go first
		return caller.Yield()
	}
	return err
}

// offLoop reports whether ctx has no loop, and returns ctx.Err() then.
func offLoop(ctx context.Context) (bool, error) {
	if ctx == nil || NodeOf(ctx) != nil {
		return false, nil
	}
	return true, ctx.Err()
}

// OffLoop is a context for another goroutine. It has the cancellation and the values of its
// Context, but no loop.
type OffLoop struct{ context.Context }

// Value implements context.Context.
func (c OffLoop) Value(key any) any {
	if key == (nodeKey{}) {
		return nil
	}
	return c.Context.Value(key)
}

// Elapsed returns the time by the loop's clock: nanoseconds since the loop was made.
func (l *Loop) Elapsed() int64 { return int64(time.Since(l.base)) }

// After returns d from now by the loop's clock. It returns math.MaxInt64 if that overflows.
func (l *Loop) After(d time.Duration) int64 {
	now := l.Elapsed()
	if at := now + int64(d); at >= now || d < 0 {
		return at
	}
	return math.MaxInt64
}

// Stamp converts a time to the loop's clock.
func (l *Loop) Stamp(t time.Time) int64 { return int64(t.Sub(l.base)) }

// Now returns the time by the loop's clock.
func (l *Loop) Now() time.Time { return time.Now() }
