package asyncio

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Lock lets one task at a time hold it across awaits. Code that does not await
// needs none. The zero value is ready. It is fair: whoever came first gets it
// next. It is not owned by a task and not re-entrant: a task that acquires it
// twice waits for itself. Loop.Dump names the task that acquired it, and rings of
// tasks that wait for each other's locks.
//
// It is for tasks of one loop, the first that uses it; when that loop has ended
// another may, and finds it as it was left: held, if it was. A Lock must not be
// copied after first use.
type Lock struct {
	_    noCopy
	home engine.Home
	held bool
	wait engine.HeldList
}

// Acquire suspends the task until it holds the lock. It returns ctx.Err() if ctx
// is cancelled before that; a lock that was handed over already is returned
// held. From a second loop it returns ErrWrongLoop.
func (l *Lock) Acquire(ctx context.Context) error {
	caller, err := l.home.Enter(ctx)
	if err != nil {
		return err
	}
	return l.acquire(caller)
}

func (l *Lock) acquire(caller engine.Caller) error {
	if !l.held {
		l.held = true
		l.wait.Take(caller.Task())
		return nil
	}
	if !caller.ParkHeld(&l.wait) {
		return caller.Err()
	}
	return nil
}

// TryAcquire takes the lock if it is free and reports whether it did. On the
// loop only: elsewhere it panics.
func (l *Lock) TryAcquire() bool {
	l.home.Check("Lock.TryAcquire")
	if l.held {
		return false
	}
	l.held = true
	l.wait.Take(l.home.Task())
	return true
}

// Release hands the lock to the task that has waited longest, or frees it. It
// never suspends. It panics if the lock is not held, or off the loop.
func (l *Lock) Release() {
	l.home.Check("Lock.Release")
	l.release("Lock.Release")
}

func (l *Lock) release(call string) {
	if !l.held {
		panic("asyncio: " + call + ": the lock is not held")
	}
	l.held = l.wait.WakeFirst()
	l.wait.Take(nil) // who was woken takes it when it runs
}

// Locked reports whether somebody holds the lock. On the loop only: elsewhere it
// panics.
func (l *Lock) Locked() bool {
	l.home.Check("Lock.Locked")
	return l.held
}

// noCopy makes go vet report copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}
