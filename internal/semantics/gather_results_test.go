package semantics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S11: errors are results like others: one for each argument, none of which
// ends the others.
func TestS11_GatherResultsNeverFails(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		cancelled := asyncio.CreateTask(ctx, after(time.Hour, 0, nil))
		asyncio.LoopOf(ctx).CallLater(time.Second, func() { cancelled.Cancel(errBoom) })
		failed := asyncio.NewFuture[int](ctx)
		failed.SetError(errBoom)
		rs := asyncio.GatherResults(ctx, []asyncio.Awaitable[int]{
			after(time.Second, 0, errBoom),
			after(3*time.Second, 2, nil),
			cancelled,
			failed,
			asyncio.CreateTask(ctx, after(2*time.Second, 5, nil)),
			after(time.Second, 6, errBoom),
		}...)
		for i, want := range []asyncio.Result[int]{{Value: 0, Err: errBoom}, {Value: 2, Err: nil}, {Value: 0, Err: asyncio.ErrTaskCancelled}, {Value: 0, Err: errBoom}, {Value: 5, Err: nil}, {Value: 6, Err: errBoom}} {
			if got := rs[i]; got.Value != want.Value || !errors.Is(got.Err, want.Err) {
				t.Errorf("result %d is %v, want %v", i, got, want)
			}
		}
		if took := time.Since(start); len(rs) != 6 || took != 3*time.Second {
			t.Errorf("%d results after %v, want 6 after 3s", len(rs), took)
		}
	})
}

// S11: cancelled itself, GatherResults cancels what it started and waits for
// it. What had ended by then keeps its result, and so does what returned one all
// the same; the rest carries the ctx's error.
func TestS11_ACancelledGatherResultsKeepsWhatItHas(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		var tr trace
		own := errors.New("own")
		handedIn := asyncio.CreateTask(ctx, after(time.Hour, 1, nil))
		ended := asyncio.CreateTask(ctx, after(0, 8, nil))
		victim := asyncio.CreateTask(ctx, after(time.Hour, 1, nil))
		asyncio.LoopOf(ctx).CallLater(1, func() { victim.Cancel(nil) })

		limited, cancel := asyncio.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		rs := asyncio.GatherResults(limited, []asyncio.Awaitable[int]{
			after(time.Second, 1, nil),                  // had ended
			after(time.Second, 0, errBoom),              // had failed
			after(time.Hour, 3, nil),                    // is cancelled
			stubborn(&tr, "value", time.Minute, 4, nil), // returns a value all the same
			stubborn(&tr, "own", time.Second, 0, own),   // fails in its own way
			handedIn,
			asyncio.NewFuture[int](ctx),
			ended,
			victim, // was cancelled by others before
		}...)
		deadline := context.DeadlineExceeded
		for i, want := range []asyncio.Result[int]{{Value: 1, Err: nil}, {Value: 0, Err: errBoom}, {Value: 0, Err: deadline}, {Value: 4, Err: nil}, {Value: 0, Err: own}, {Value: 0, Err: deadline}, {Value: 0, Err: deadline}, {Value: 8, Err: nil}, {Value: 0, Err: asyncio.ErrTaskCancelled}} {
			if got := rs[i]; got.Value != want.Value || !errors.Is(got.Err, want.Err) || errors.Is(got.Err, deadline) != (want.Err == deadline) {
				t.Errorf("result %d is %v, want %v", i, got, want)
			}
		}
		tr.expect(t, "own value")
		if took := time.Since(start); took != 2*time.Second+time.Minute {
			t.Errorf("it took %v, want 1m2s", took)
		}
		if handedIn.Err() != asyncio.ErrNotDone {
			t.Errorf("the task that was handed in ended with %v", handedIn.Err())
		}
		handedIn.Cancel(nil)
		asyncio.Sleep(ctx, 0)
	})
}

// S11: in a ctx that is cancelled already, nothing starts, and each result says
// why.
func TestS11_GatherResultsInACancelledContext(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		began := false
		rs := asyncio.GatherResults(ctx, asyncio.Coroutine[int](func(context.Context) (int, error) { began = true; return 1, nil }), value(2))
		asyncio.Sleep(context.WithoutCancel(ctx), 0)
		if began || len(rs) != 2 || rs[0].Err != context.Canceled || rs[1].Err != context.Canceled {
			t.Errorf("began %v, results %v; want two of context.Canceled", began, rs)
		}
	})
}

// S11: a child that a gathered coroutine created belongs to the scope and
// outlives the gathering.
func TestS11_AGatheredCoroutinesChildBelongsToTheScope(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var child *asyncio.Task[int]
		start := time.Now()
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			vs, err := asyncio.Gather(ctx, asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
				child = asyncio.CreateTask(ctx, after(time.Minute, 7, nil))
				return 1, nil
			}))
			if err != nil || vs[0] != 1 || child.Err() != asyncio.ErrNotDone {
				t.Errorf("Gather gave %v, %v; the child %v", vs, err, child.Err())
			}
			return nil
		})
		v, childErr := child.Result()
		if err != nil || v != 7 || childErr != nil || time.Since(start) != time.Minute {
			t.Errorf("the group ended after %v with %v, the child gave %d, %v", time.Since(start), err, v, childErr)
		}
	})
}

// aloneCalls are the calls that start one coroutine, await it, and return its error.
var aloneCalls = map[string]func(ctx context.Context, c asyncio.Coroutine[int]) error{
	"Gather":        func(ctx context.Context, c asyncio.Coroutine[int]) error { return second(asyncio.Gather(ctx, c)) },
	"GatherResults": func(ctx context.Context, c asyncio.Coroutine[int]) error { return asyncio.GatherResults(ctx, c)[0].Err },
	"AsCompleted": func(ctx context.Context, c asyncio.Coroutine[int]) (err error) {
		for _, r := range asyncio.AsCompleted(ctx, c) {
			err = r.Err
		}
		return err
	},
	"WaitFor": func(ctx context.Context, c asyncio.Coroutine[int]) error {
		return second(asyncio.WaitFor(ctx, time.Hour, c))
	},
	"WithTaskGroup": func(ctx context.Context, c asyncio.Coroutine[int]) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, c)
			return nil
		})
	},
}

// S11, S17: whoever is cancelled gets the ctx's own error, also where the coroutine that it started saw the
// cancellation first, and ended of it: that is no task cancelled by somebody else.
func TestS11_ItsOwnCancellationIsTheCallersErrorWhoeverSeesItFirst(t *testing.T) {
	// atWork is a coroutine in the middle of whose step cancel is called from another goroutine.
	atWork := func(cancel func()) asyncio.Coroutine[int] {
		return func(ctx context.Context) (int, error) {
			asyncio.Sleep(ctx, time.Second)
			elsewhere(cancel)
			return 0, asyncio.Sleep(ctx, 0)
		}
	}
	for name, call := range aloneCalls {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				c, cancelCause := context.WithCancelCause(ctx)
				if err := call(c, atWork(func() { cancelCause(errWhy) })); err != context.Canceled {
					t.Errorf("a std context is cancelled: %v, want context.Canceled", err)
				}
				c, cancel := asyncio.WithTimeout(ctx, time.Hour)
				if err := call(c, atWork(cancel)); err != context.Canceled {
					t.Errorf("a WithTimeout is cancelled: %v, want context.Canceled", err)
				}
				var task *asyncio.Task[struct{}]
				task = asyncio.Go(ctx, func(ctx context.Context) error {
					if err := call(ctx, atWork(func() { task.Cancel(errWhy) })); err != context.Canceled {
						t.Errorf("the task is cancelled: %v, want context.Canceled", err)
					}
					return nil
				})
				task.Await(ctx)
			})
			// A coroutine that is always ready: it runs before the caller when the time-out comes.
			spinning := asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
				for {
					if err := asyncio.Sleep(ctx, 0); err != nil {
						return 0, err
					}
				}
			})
			err := asyncio.Run(t.Context(), func(ctx context.Context) error {
				limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
				defer cancel()
				if err := call(limited, spinning); err != context.DeadlineExceeded {
					t.Errorf("the time is over: %v, want context.DeadlineExceeded", err)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
