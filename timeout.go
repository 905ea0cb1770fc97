package asyncio

import (
	"context"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// WithTimeout is context.WithTimeout on the loop's clock: cheaper, and without
// a goroutine. The context's error is context.DeadlineExceeded once d has
// passed; with d of zero or less it has expired already. Awaits and Err see the
// deadline also while the task does not suspend, and Done closes while a step
// blocks the loop. Calling cancel ends it early, from any goroutine and any number
// of times; call it in any case. Off the loop it is context.WithTimeout.
func WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return withDeadline("WithTimeout", ctx, time.Now().Add(d))
}

// WithDeadline is WithTimeout for a time of the loop's clock.
func WithDeadline(ctx context.Context, t time.Time) (context.Context, context.CancelFunc) {
	return withDeadline("WithDeadline", ctx, t)
}

func withDeadline(call string, ctx context.Context, t time.Time) (context.Context, context.CancelFunc) {
	if ctx == nil {
		panic(nilContext(call))
	}
	if child, cancel, ok := engine.WithDeadline(ctx, t); ok {
		return child, cancel
	}
	return context.WithDeadline(ctx, t)
}

// WaitFor awaits aw for at most d and returns context.DeadlineExceeded after
// that. A coroutine runs in the calling task under the time-out, and is waited
// for until it returns: a result that it returns all the same wins. The time-out
// also ends calls in it that take no ctx, such as a Conn's Read. A task or future
// handed in is not cancelled when the time is up. If d is zero or less, WaitFor returns
// the result of a task or future that is done, and starts nothing.
func WaitFor[T any](ctx context.Context, d time.Duration, aw Awaitable[T]) (T, error) {
	var zero T
	if isNil(aw) {
		return zero, engine.Refuse(errNilAwaitable, "aw is nil")
	}
	if ctx == nil {
		return zero, engine.NilContext()
	}
	if d <= 0 {
		if engine.NodeOf(ctx) != nil {
			if _, err := engine.Enter(ctx); err != nil {
				return zero, err
			}
		}
		if r, ok := any(aw).(interface{ Result() (T, error) }); ok && ctx.Err() == nil {
			if v, err := r.Result(); err != ErrNotDone {
				return v, err
			}
		}
		if err := ctx.Err(); err != nil {
			return zero, err
		}
		return zero, context.DeadlineExceeded
	}
	limited, cancel := WithTimeout(ctx, d)
	defer cancel()
	var body engine.Extent
	if t, ok := engine.EnterExtent(limited, &body); ok {
		defer t.Leave(&body)
	}
	return aw.Await(limited)
}
