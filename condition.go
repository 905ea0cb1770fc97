package asyncio

import (
	"context"
	"errors"
	"fmt"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Condition lets tasks that hold its lock wait until others change something
// and notify them. It is made by NewCondition, and for tasks of one loop, as its
// lock is.
type Condition struct {
	// L is the lock. The calling task must hold it for every call. A callback may
	// notify while any task holds it.
	L *Lock

	wait engine.WaitList
}

// NewCondition returns a condition of the lock, or of a new one if lock is nil.
func NewCondition(lock *Lock) *Condition {
	if lock == nil {
		lock = &Lock{}
	}
	return &Condition{L: lock}
}

// Wait releases the lock, suspends the task until it is notified, and acquires
// the lock again. As conditions may have changed again by then, use it in a loop,
// or use WaitFor.
//
// It returns with the lock held, also with ctx.Err() when ctx is cancelled before a
// notification. There is one exception: after ErrDeadlock the lock is not held. Wait
// returns ErrDeadlock if the task that holds the lock has ended, or if it waits in
// WithTaskGroup for the calling task. If the task that holds the lock waits for the
// calling task in another way, that wait returns ErrDeadlock instead.
//
// It panics if the calling task does not hold the lock, even if ctx is already
// cancelled.
func (c *Condition) Wait(ctx context.Context) error {
	caller, err := c.enter(ctx, "Condition.Wait")
	if err != nil {
		return err
	}
	c.L.lock.Release()
	if !caller.Park(&c.wait, engine.ForCondition) {
		err = caller.Err()
	}
	if lost := c.L.lock.Reacquire(caller.Shielded()); lost != nil {
		return lost
	}
	return err
}

// WaitFor waits until pred returns true. It calls pred with the lock held, and returns
// at once if pred is already true. If ctx is cancelled before, or during the wait, it
// returns ctx.Err(). The lock is held on return, except after ErrDeadlock. It panics as
// Wait does.
func (c *Condition) WaitFor(ctx context.Context, pred func() bool) error {
	if pred == nil {
		return errors.New("asyncio: Condition.WaitFor: nil predicate")
	}
	if _, err := c.enter(ctx, "Condition.WaitFor"); err != nil {
		return err
	}
	for !pred() {
		if err := c.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// enter admits a call that needs the lock. That it is not held is a mistake of the
// program, and comes before a cancellation, which may be there or not.
func (c *Condition) enter(ctx context.Context, call string) (engine.Caller, error) {
	c.mustBeMade()
	caller, err := c.L.binding.Enter(ctx)
	if err != nil {
		if ctx == nil {
			return caller, err
		}
		if _, misuse := c.L.binding.Enter(context.WithoutCancel(ctx)); misuse != nil {
			return caller, err // the lock is not ours to look at
		}
	}
	c.L.lock.MustHold(c.L.binding.Caller(), call)
	return caller, err
}

// Notify wakes the n tasks that have waited longest, or as many as there are. It
// panics if the calling task does not hold the lock, if n is negative, and off the loop.
func (c *Condition) Notify(n int) {
	if n < 0 {
		panic(fmt.Sprintf("asyncio: Condition.Notify(%d): n must be at least 0", n))
	}
	c.check("Condition.Notify")
	for ; n > 0 && c.wait.WakeFirst(); n-- {
	}
}

// NotifyAll wakes all tasks that wait. It panics as Notify does.
func (c *Condition) NotifyAll() {
	c.check("Condition.NotifyAll")
	c.wait.WakeAll()
}

func (c *Condition) check(call string) {
	c.mustBeMade()
	c.L.mustHold(call)
}

func (c *Condition) mustBeMade() {
	if c.L == nil {
		panic("asyncio: Condition: not initialized; make it with NewCondition")
	}
}
