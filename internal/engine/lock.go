package engine

import "fmt"

// A Lock is held by one task at a time. A lock that a callback has taken has no holder. A Lock belongs to
// one loop. The zero value is free.
//
// A task holds the lock from the hand-over on, also before it runs (S15). So the edges of the wait graph
// are always known.
type Lock struct {
	wait       WaitList // first: see lockOf
	held       bool
	holder     *runner // nil: no task, or one that has ended
	next, prev *Lock   // of those that holder holds
	lost       string  // the quoted name of the task that ended while it held the lock
}

// Locked reports whether the lock is held.
func (k *Lock) Locked() bool { return k.held }

// TryAcquire takes the lock for the caller if it is free, and reports whether it was.
func (k *Lock) TryAcquire(c Caller) bool {
	if k.held {
		return false
	}
	k.take(c.r)
	return true
}

// Acquire suspends the caller until it holds the lock. It returns ErrDeadlock if the wait closes a cycle,
// and if the holder has ended.
func (k *Lock) Acquire(c Caller) error {
	if !k.held {
		k.take(c.r)
		return nil
	}
	return k.queue(c)
}

func (k *Lock) queue(c Caller) error {
	if err := k.broken(c); err != nil {
		return err
	}
	if h := k.holder; h != nil && (h == c.r || h.task.Load().blocked()) {
		if err := c.refuseCycle(&k.wait, forLock); err != nil {
			return err
		}
	}
	if !c.Park(&k.wait, forLock) {
		return c.left()
	}
	return nil
}

// Reacquire is Acquire for a caller that cannot continue without the lock. If its wait closes a cycle, it
// ends the wait of another task of the cycle, if that is possible.
func (k *Lock) Reacquire(c Caller) error {
	if !k.held {
		k.take(c.r)
		return nil
	}
	if err := k.broken(c); err != nil {
		return err
	}
	if err := c.breakCycles(&k.wait, forLockAgain); err != nil {
		return err
	}
	if !c.Park(&k.wait, forLockAgain) {
		return c.left()
	}
	return nil
}

// Release hands the lock to the task that has waited longest. Without a waiter it frees the lock.
func (k *Lock) Release() {
	k.drop()
	w := k.wait.head
	if w == nil {
		k.held, k.lost = false, ""
		return
	}
	next := w.notify.(*runner)
	w.fire()
	k.take(next)
}

// MustHold panics unless the caller may release the lock: the task that holds it, or a
// callback. A lock without a holder may be released by any task.
func (k *Lock) MustHold(c Caller, call string) {
	if c.r != nil && c.r == k.holder {
		return
	}
	k.mayRelease(c, call)
}

func (k *Lock) mayRelease(c Caller, call string) {
	holder := ""
	switch {
	case !k.held:
		panic("asyncio: " + call + ": the lock is not held")
	case c.r == nil:
		return
	case k.holder != nil:
		holder = quote(k.holder.task.Load().Name())
	case k.lost != "":
		holder = k.lost + ", which has ended"
	default:
		return
	}
	panic(fmt.Errorf("%w: %s: task %s does not hold the lock; it is held by task %s; use a Semaphore(1) for a lock that changes hands",
		ErrWrongTask, call, quote(c.Task().Name()), holder))
}

// take makes the task of r the holder of the free lock. If r is nil a callback takes it.
func (k *Lock) take(r *runner) {
	k.held = true
	if r == nil {
		return
	}
	k.holder, k.next = r, r.held
	if r.held != nil {
		r.held.prev = k
	}
	r.held = k
}

// drop removes the holder.
func (k *Lock) drop() {
	r := k.holder
	if r == nil {
		return
	}
	if k.prev == nil {
		r.held = k.next
	} else {
		k.prev.next = k.next
	}
	if k.next != nil {
		k.next.prev = k.prev
	}
	k.holder, k.next, k.prev = nil, nil, nil
}

// broken returns ErrDeadlock if the holder or its loop has ended.
func (k *Lock) broken(c Caller) error {
	switch h := k.holder; {
	case k.lost != "":
		return k.lostTo(c.Task())
	case h != nil && h.loop != c.L:
		return &deadlockError{fmt.Sprintf("task %s waits for a lock held by task %s, whose loop has ended", quote(c.Task().Name()), quote(h.task.Load().Name()))}
	}
	return nil
}

// lostTo is the error of t, which waits for a lock whose holder has ended.
func (k *Lock) lostTo(t *Task) error {
	return &deadlockError{fmt.Sprintf("task %s waits for a lock held by task %s, which ended without releasing it", quote(t.Name()), k.lost)}
}

// loseLocks removes t, which has ended, as the holder of its locks. They keep its name.
func (t *Task) loseLocks() {
	for k := t.r.held; k != nil; k = t.r.held {
		k.drop()
		k.lost = quote(t.Name())
		if !k.wait.Empty() {
			t.completion.loop.Soon(k.endWaits)
		}
	}
}

// endWaits ends the waits for a lost lock. It runs a turn after the end of the holder. If the holder was
// main, the shutdown has cancelled the waits by then.
func (k *Lock) endWaits() {
	for w := k.wait.head; w != nil && k.lost != ""; w = k.wait.head {
		r := w.notify.(*runner)
		r.loop.endWait(r, k.lostTo(r.task.Load()))
	}
}
