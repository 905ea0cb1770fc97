package semantics_test

import (
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S13, S15: a context may outlive its task. A cancellation above it ends the awaits with it all the same, and with
// an error: nil would mean that they received what they waited for. The context of a group ends with the group (S6).

// escapes make a context that stays valid for a second and whose task has ended.
var escapes = map[string]func(ctx context.Context, t *testing.T) context.Context{
	"of a task": func(ctx context.Context, t *testing.T) (c context.Context) {
		limited := without(asyncio.WithTimeout(ctx, time.Second))
		await(ctx, t, asyncio.Go(limited, func(own context.Context) error { c = own; return nil }))
		return c
	},
	"of a task in a task, in a std context": func(ctx context.Context, t *testing.T) (c context.Context) {
		limited := without(context.WithTimeout(ctx, time.Second))
		await(ctx, t, asyncio.Go(limited, func(outer context.Context) error {
			asyncio.Go(outer, func(own context.Context) error { c = own; return nil })
			return nil
		}))
		turns(ctx, t, 1)
		return c
	},
	"of a gathering": func(ctx context.Context, t *testing.T) (c context.Context) {
		limited := without(asyncio.WithTimeout(ctx, time.Second))
		own := asyncio.Coroutine[int](func(own context.Context) (int, error) { c = own; return 1, nil })
		if _, err := asyncio.Gather(limited, own); err != nil {
			t.Error(err)
		}
		return c
	},
}

// eachEscape makes the call with such a context, before it is cancelled and afterwards. It must end with the
// time-out's error, when that comes, or at once.
func eachEscape(ctx context.Context, t *testing.T, call func(ctx context.Context) error) {
	t.Helper()
	for name, escape := range escapes {
		start := time.Now()
		c := escape(ctx, t)
		if err := call(c); err != context.DeadlineExceeded || time.Since(start) != time.Second {
			t.Errorf("the context %s, cancelled meanwhile: %v after %v, want DeadlineExceeded after 1s", name, err, time.Since(start))
		}
		isRefused(ctx, t, name, escape, call)
	}
}

// isRefused makes the call with such a context when it is cancelled already.
func isRefused(ctx context.Context, t *testing.T, name string, escape func(context.Context, *testing.T) context.Context, call func(ctx context.Context) error) {
	t.Helper()
	c := escape(ctx, t)
	asyncio.Sleep(ctx, 2*time.Second)
	start := time.Now()
	if err := call(c); err != context.DeadlineExceeded || time.Since(start) != 0 {
		t.Errorf("the context %s, cancelled before: %v after %v, want DeadlineExceeded at once", name, err, time.Since(start))
	}
}

func TestS15_AnEscapedContextHandsNothingOver(t *testing.T) {
	eachHandOver(t, func(ctx context.Context, t *testing.T, h handOver) {
		eachEscape(ctx, t, h.wait)
		h.serve()
		if h.spare != nil && !h.spare() {
			t.Error("what was served afterwards went to one who had left")
		}
	})
}

func TestS13_AnEscapedContextEndsEveryAwait(t *testing.T) {
	never := asyncio.Proc(forever)
	for name, call := range map[string]func(ctx context.Context) error{
		"Sleep":        func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) },
		"Event.Wait":   func(ctx context.Context) error { var e asyncio.Event; return e.Wait(ctx) },
		"Barrier.Wait": func(ctx context.Context) error { return second(asyncio.NewBarrier(2).Wait(ctx)) },
		"Queue.Join": func(ctx context.Context) error {
			q := asyncio.NewQueue[int](0)
			q.TryPut(1)
			return q.Join(ctx)
		},
		"Recv": func(ctx context.Context) error {
			_, _, err := asyncio.Recv(ctx, make(chan int))
			return err
		},
		"Send":          func(ctx context.Context) error { return asyncio.Send(ctx, make(chan int), 1) },
		"Future.Await":  func(ctx context.Context) error { return second(asyncio.NewFuture[int](ctx).Await(ctx)) },
		"Gather":        func(ctx context.Context) error { return second(asyncio.Gather(ctx, never, never)) },
		"GatherResults": func(ctx context.Context) error { return asyncio.GatherResults(ctx, never, never)[1].Err },
		"AsCompleted": func(ctx context.Context) (err error) {
			for _, r := range asyncio.AsCompleted(ctx, never, never) {
				err = r.Err
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) { eachEscape(ctx, t, call) })
		})
	}
	for name, call := range map[string]func(ctx context.Context) error{
		"Sleep(0)":   func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) },
		"Checkpoint": asyncio.Checkpoint,
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				for name, escape := range escapes {
					isRefused(ctx, t, name, escape, call)
				}
			})
		})
	}
}

// Checkpoint has a short way of its own, under contexts that nothing foreign can cancel.
func TestS13_CheckpointAndAnEscapedContext(t *testing.T) {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		limited, cancel := asyncio.WithTimeout(ctx, time.Hour)
		var escaped context.Context
		await(ctx, t, asyncio.Go(limited, func(own context.Context) error { escaped = own; return nil }))
		if err := asyncio.Checkpoint(escaped); err != nil {
			t.Errorf("before the cancellation: %v", err)
		}
		cancel()
		if err := asyncio.Checkpoint(escaped); err != context.Canceled {
			t.Errorf("after the cancellation: %v, want context.Canceled", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
