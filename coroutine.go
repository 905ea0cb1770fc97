package asyncio

import (
	"context"
	"errors"
)

// A Coroutine is work that has not begun: it does nothing until it is awaited,
// which runs it in the calling task, or made a task. It is an ordinary function
// and may be awaited several times; each time it runs anew. A Coroutine that is
// never awaited is harmless.
type Coroutine[T any] func(ctx context.Context) (T, error)

// Await runs the coroutine in the calling task and returns what it returns. It
// costs no turn of the loop.
func (c Coroutine[T]) Await(ctx context.Context) (T, error) {
	if c == nil {
		var zero T
		return zero, errNilCoroutine
	}
	return c(ctx)
}

// A Proc is a Coroutine without a result.
type Proc func(ctx context.Context) error

// Await runs the coroutine in the calling task.
func (p Proc) Await(ctx context.Context) (struct{}, error) {
	if p == nil {
		return struct{}{}, errNilProc
	}
	return struct{}{}, p(ctx)
}

// Coro binds an argument to a coroutine function: Coro(fetch, url) is what
// fetch(url) is in Python.
func Coro[A, T any](fn func(ctx context.Context, arg A) (T, error), arg A) Coroutine[T] {
	if fn == nil {
		return nil
	}
	return func(ctx context.Context) (T, error) { return fn(ctx, arg) }
}

// Coro0 makes a Coroutine of a function without an argument. It does not start
// fn. A function literal or a function's name is assignable to Coroutine[T], which
// is enough for [CreateTask]; [Gather], [WaitFor] and their relatives infer T from
// the type of their arguments, and need the conversion: Gather(ctx, Coro0(f), Coro0(g)).
// Coro0 of nil is nil.
func Coro0[T any](fn func(ctx context.Context) (T, error)) Coroutine[T] { return fn }

// An Awaitable can be awaited: a Coroutine, a Proc, a *Task or a *Future, and
// any type of yours with this method.
type Awaitable[T any] interface {
	// Await suspends the calling task until the result is there.
	Await(ctx context.Context) (T, error)
}

var (
	errNilCoroutine = errors.New("asyncio: Coroutine.Await: the coroutine is nil")
	errNilProc      = errors.New("asyncio: Proc.Await: the coroutine is nil")
)

func procOf(fn func(ctx context.Context) error) Coroutine[struct{}] {
	return func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) }
}
