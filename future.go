package asyncio

import (
	"context"
	"fmt"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Future is a result that is set once, by SetResult, SetError or Cancel. It belongs to
// the loop of the ctx given to NewFuture. Any goroutine may set it and await it.
type Future[T any] struct {
	c     engine.Completion
	value T
}

// NewFuture makes a pending future of the loop of ctx. It panics if ctx has none.
//
//go:noinline
func NewFuture[T any](ctx context.Context) *Future[T] {
	if ctx == nil {
		panic(nilContext("NewFuture"))
	}
	own := engine.NodeOf(ctx)
	if own == nil {
		panic(noLoopError("NewFuture", "call it with the ctx of a coroutine"))
	}
	f := &Future[T]{}
	f.c.Init(own.Loop(), coro.CallSite())
	return f
}

// SetResult settles the future with v. It reports false, and changes nothing,
// when the future is settled already. Tasks that await the future resume in a later
// turn, never inline. It never blocks. It may be called from any goroutine.
func (f *Future[T]) SetResult(v T) bool {
	if !f.c.Claim() {
		return false
	}
	f.value = v
	f.c.Settle(nil, false, "")
	return true
}

// SetError is SetResult for an error; it panics if err is nil. An error that no caller
// receives is reported like a task's. If err is the error of a cancelled task, the future
// has failed, and its error does not match ErrTaskCancelled (see Cancel).
func (f *Future[T]) SetError(err error) bool {
	if err == nil {
		panic("asyncio: Future.SetError: nil error; use SetResult")
	}
	err = engine.Failed(err)
	if !f.c.Claim() {
		return false
	}
	f.c.Settle(err, true, "future")
	return true
}

// Cancel settles the future with an error that matches ErrTaskCancelled and the
// cause. It reports false when the future is settled already. From any goroutine.
func (f *Future[T]) Cancel(cause error) bool {
	if !f.c.Claim() {
		return false
	}
	if cause == nil {
		cause = context.Canceled
	}
	f.c.Settle(engine.Cancelled(fmt.Sprintf("the future created at %s", f.c.Created()), cause), false, "")
	return true
}

// Await waits until the future is settled and returns its result, as Task.Await does. If
// ctx is cancelled first, it returns ctx.Err(), and the future stays pending.
func (f *Future[T]) Await(ctx context.Context) (T, error) {
	err, waited := f.c.Await(ctx, nil)
	if !waited {
		var zero T
		return zero, err
	}
	return f.value, err
}

// Result returns the result, or ErrNotDone while there is none. The error
// counts as received. From any goroutine; it never blocks.
func (f *Future[T]) Result() (T, error) {
	if !f.c.IsDone() {
		var zero T
		return zero, ErrNotDone
	}
	return f.value, f.c.Receive()
}

// Err returns the error set, nil if a result was set, or ErrNotDone. The error
// counts as received. From any goroutine; it never blocks.
func (f *Future[T]) Err() error { return f.c.Err() }

// Done returns a channel that is closed when the future is settled. From any
// goroutine; in a coroutine use Await. See Task.Done.
func (f *Future[T]) Done() <-chan struct{} { return f.c.Done() }

// OnDone is as Task.OnDone.
//
//go:noinline
func (f *Future[T]) OnDone(fn func()) {
	if fn == nil {
		panic("asyncio: Future.OnDone: nil function")
	}
	f.c.OnDone(fn, nil, coro.CallSite())
}
