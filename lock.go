package asyncio

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Lock lets one task at a time hold it across awaits. Code that does not await
// needs none. The zero value is ready. It is fair: the task that has waited longest
// gets it next.
//
// A lock belongs to the task that acquired it. The task must release it before it
// ends. For a lock that one task acquires and another releases, use a Semaphore(1).
//
// Misuse is reported:
//   - Release by another task panics with an error that matches ErrWrongTask.
//   - Acquire by the task that holds the lock returns ErrDeadlock.
//   - Acquire returns ErrDeadlock if the holder waits for the calling task, directly
//     or through others: for a lock of its own, in Await, Gather, Wait or WithTaskGroup. The
//     error names all of them. A timeout of one of these waits makes no difference.
//   - If the holder ends without releasing the lock, waiting and later calls of Acquire
//     return ErrDeadlock. The error names the task that ended.
//
// A callback is no task. It may call TryAcquire, which leaves the lock without an
// owner: every task may then release it. It may release every lock.
//
// A lock belongs to the first loop that uses it. After that loop has ended, another loop
// may use the lock. A lock that was held is still held then. A Lock must not be
// copied after first use.
type Lock struct {
	_       noCopy
	binding engine.Binding
	lock    engine.Lock
}

// Acquire suspends the task until it holds the lock. It returns ctx.Err() if ctx
// is cancelled before that; a lock that was handed over already is returned
// held. It returns ErrDeadlock if the lock could never be released: see Lock. From
// a second loop it returns ErrWrongLoop.
func (l *Lock) Acquire(ctx context.Context) error {
	caller, err := l.binding.Enter(ctx)
	if err != nil {
		return err
	}
	return l.lock.Acquire(caller)
}

// TryAcquire takes the lock if it is free and reports whether it did. It
// reports false to the task that holds the lock. On the loop only: in another
// goroutine it panics once a loop has used the lock.
func (l *Lock) TryAcquire() bool {
	l.binding.Check("Lock.TryAcquire")
	return l.lock.TryAcquire(l.binding.Caller())
}

// Release hands the lock to the task that has waited longest, or frees it. It
// never suspends. It panics if the lock is not held, if another task holds it, or
// off the loop.
func (l *Lock) Release() {
	l.mustHold("Lock.Release")
	l.lock.Release()
}

// mustHold panics unless the caller may release the lock.
func (l *Lock) mustHold(call string) {
	l.binding.Check(call)
	l.lock.MustHold(l.binding.Caller(), call)
}

// Locked reports whether the lock is held. On the loop only: in another
// goroutine it panics once a loop has used the lock.
func (l *Lock) Locked() bool {
	l.binding.Check("Lock.Locked")
	return l.lock.Locked()
}

// noCopy makes go vet report copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}
