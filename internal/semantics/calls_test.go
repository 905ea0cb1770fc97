package semantics_test

import (
	"context"
	"time"

	"github.com/asyncio-go/asyncio"
)

// This file lists the calls that suspend, for the rules that hold for each of them (S13, S19, S20).

// A suspendingCall is one of them, on something that never happens by itself.
type suspendingCall struct {
	name  string
	call  func(ctx context.Context) error
	parks bool // it waits until it is cancelled
}

// suspendingCalls returns all of them. What they wait for belongs to the loop of ctx and ends with end,
// which must be called there; used counts how often a function of the user's was entered.
func suspendingCalls(ctx context.Context) (calls []suspendingCall, end func(), used *int) {
	used = new(int)
	task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, forever(ctx) }, asyncio.Name("pending"))
	future := asyncio.NewFuture[int](ctx)
	body := func(ctx context.Context) (int, error) {
		*used++
		return 0, forever(ctx)
	}
	thread := func(ctx context.Context) (int, error) {
		*used++
		<-ctx.Done()
		return 0, ctx.Err()
	}
	end = func() {
		task.Cancel(nil)
		future.Cancel(nil)
		task.Await(context.WithoutCancel(ctx))
	}
	return []suspendingCall{
		{"Sleep(0)", func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) }, false},
		{"Sleep(-1)", func(ctx context.Context) error { return asyncio.Sleep(ctx, -1) }, false},
		{"Sleep(1h)", func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) }, true},
		{"Checkpoint", asyncio.Checkpoint, false},
		{"Task.Await", func(ctx context.Context) error { return second(task.Await(ctx)) }, true},
		{"Task.Join", task.Join, true},
		{"Future.Await", func(ctx context.Context) error { return second(future.Await(ctx)) }, true},
		{"Gather of a task", func(ctx context.Context) error { return second(asyncio.Gather(ctx, task)) }, true},
		{"Gather of a coroutine", func(ctx context.Context) error {
			return second(asyncio.Gather(ctx, asyncio.Coroutine[int](body)))
		}, true},
		{"GatherResults of a task", func(ctx context.Context) error { return asyncio.GatherResults(ctx, task)[0].Err }, true},
		{"GatherResults of a coroutine", func(ctx context.Context) error {
			return asyncio.GatherResults(ctx, asyncio.Coroutine[int](body))[0].Err
		}, true},
		{"Wait", func(ctx context.Context) error {
			_, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, task)
			return err
		}, true},
		{"WaitFor a task", func(ctx context.Context) error { return second(asyncio.WaitFor(ctx, 24*time.Hour, task)) }, true},
		{"WaitFor a future", func(ctx context.Context) error { return second(asyncio.WaitFor(ctx, 24*time.Hour, future)) }, true},
		{"WithTaskGroup", func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { return second(body(ctx)) })
		}, true},
		{"ToThread", func(ctx context.Context) error { return second(asyncio.ToThread(ctx, thread)) }, true},
		{"ToThread with Abandon", func(ctx context.Context) error {
			return second(asyncio.ToThread(ctx, thread, asyncio.Abandon()))
		}, true},
	}, end, used
}

func second[T any](_ T, err error) error { return err }

// A wayToCancel is a way for a context to come to its end.
type wayToCancel struct {
	name string
	want error // what its Err is then
	// make returns a context made from that of a coroutine, and what ends it, at once or after a while.
	make  func(ctx context.Context) (c context.Context, end func())
	after time.Duration
}

func waysToCancel() []wayToCancel {
	atOnce := func(name string, make func(ctx context.Context) (context.Context, context.CancelFunc)) wayToCancel {
		return wayToCancel{name, context.Canceled, func(ctx context.Context) (context.Context, func()) { return make(ctx) }, 0}
	}
	inTime := func(name string, after time.Duration, make func(ctx context.Context) (context.Context, context.CancelFunc)) wayToCancel {
		return wayToCancel{name, context.DeadlineExceeded, func(ctx context.Context) (context.Context, func()) {
			return without(make(ctx)), func() {}
		}, after}
	}
	return []wayToCancel{
		atOnce("WithTimeout, cancel", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return asyncio.WithTimeout(ctx, time.Hour)
		}),
		inTime("WithTimeout, expired", time.Second, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return asyncio.WithTimeout(ctx, time.Second)
		}),
		inTime("WithTimeout, expired from the start", 0, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return asyncio.WithTimeout(ctx, 0)
		}),
		inTime("WithDeadline in the past", 0, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return asyncio.WithDeadline(ctx, time.Now().Add(-time.Hour))
		}),
		atOnce("std WithCancel", context.WithCancel),
		atOnce("std WithCancelCause", func(ctx context.Context) (context.Context, context.CancelFunc) {
			c, cancel := context.WithCancelCause(ctx)
			return c, func() { cancel(errWhy) }
		}),
		inTime("std WithTimeout, expired", time.Second, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}),
		atOnce("ours in std in ours, outermost cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			c, cancel := asyncio.WithTimeout(ctx, time.Hour)
			c = without(context.WithTimeout(context.WithValue(c, testKey{}, "v"), time.Hour))
			return without(asyncio.WithTimeout(c, time.Hour)), cancel
		}),
		atOnce("ours in std in ours, std cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			c, cancel := context.WithCancel(without(asyncio.WithTimeout(ctx, time.Hour)))
			return context.WithValue(without(asyncio.WithTimeout(c, time.Hour)), testKey{}, "v"), cancel
		}),
		atOnce("a context type of the user's", func(ctx context.Context) (context.Context, context.CancelFunc) {
			c := &ownContext{Context: ctx, done: make(chan struct{})}
			return c, func() { close(c.done) }
		}),
	}
}

// without forgets the cancel function, of contexts that end otherwise.
func without(ctx context.Context, _ context.CancelFunc) context.Context { return ctx }

type testKey struct{}

// ownContext is a context that package context knows nothing about.
type ownContext struct {
	context.Context
	done chan struct{}
}

func (c *ownContext) Done() <-chan struct{} { return c.done }

func (c *ownContext) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}
