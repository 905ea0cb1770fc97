package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// after makes a coroutine that takes d and returns v and err.
func after(d time.Duration, v int, err error) asyncio.Coroutine[int] {
	return func(ctx context.Context) (int, error) {
		if e := asyncio.Sleep(ctx, d); e != nil {
			return 0, e
		}
		return v, err
	}
}

// stubborn makes a coroutine that runs until it is cancelled, then cleans up for
// d, adds its name to the trace and returns v and err.
func stubborn(tr *trace, name string, d time.Duration, v int, err error) asyncio.Coroutine[int] {
	return func(ctx context.Context) (int, error) {
		forever(ctx)
		asyncio.Sleep(context.WithoutCancel(ctx), d)
		tr.add(name)
		return v, err
	}
}

// S11: results come in order of the arguments, whatever they are and whenever
// they end, and everything runs at the same time.
func TestS11_ResultsComeInArgumentOrder(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		set := asyncio.NewFuture[int](ctx)
		set.SetResult(4)
		late := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallLater(2*time.Second, func() { late.SetResult(5) })
		done := asyncio.CreateTask(ctx, value(3))
		asyncio.Sleep(ctx, 0)
		aws := []asyncio.Awaitable[int]{
			after(5*time.Second, 1, nil),
			asyncio.CreateTask(ctx, after(time.Second, 2, nil)),
			done,
			set,
			late,
			after(3*time.Second, 6, nil),
			late,
			ownAwaitable(8),
		}
		vs, err := asyncio.Gather(ctx, aws...)
		if got := fmt.Sprint(vs); err != nil || got != "[1 2 3 4 5 6 5 8]" {
			t.Errorf("Gather gave %s, %v", got, err)
		}
		for i, r := range asyncio.GatherResults(ctx, aws...) {
			if r.Err != nil || r.Value != vs[i] {
				t.Errorf("GatherResults gave %v at %d, want %d", r, i, vs[i])
			}
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("both took %v, want 5s each", took)
		}
	})
}

// ownAwaitable is an Awaitable that the library does not know.
type ownAwaitable int

func (a ownAwaitable) Await(ctx context.Context) (int, error) {
	return int(a), asyncio.Sleep(ctx, time.Second)
}

// S11: of nothing comes nothing.
func TestS11_OfNothing(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		vs, err := asyncio.Gather[int, asyncio.Coroutine[int]](ctx)
		if len(vs) != 0 || err != nil {
			t.Errorf("Gather() = %v, %v", vs, err)
		}
		if rs := asyncio.GatherResults[int, asyncio.Coroutine[int]](ctx); len(rs) != 0 {
			t.Errorf("GatherResults() = %v", rs)
		}
	})
}

// S11: the first error is what Gather returns, after it has cancelled what it
// started and waited for it.
func TestS11_TheFirstErrorCancelsWhatGatherStarted(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		var tr trace
		var cause error
		vs, err := asyncio.Gather(ctx,
			stubborn(&tr, "slow", 10*time.Second, 1, nil),
			after(2*time.Second, 0, errors.New("too late")),
			after(time.Second, 0, errBoom),
			stubborn(&tr, "quick", time.Second, 0, errors.New("clean-up failed")),
			func(ctx context.Context) (int, error) {
				err := forever(ctx)
				cause = context.Cause(ctx)
				return 0, err
			},
			func(ctx context.Context) (int, error) {
				_, err := asyncio.Gather(ctx, stubborn(&tr, "inner", 5*time.Second, 0, nil))
				return 0, err
			},
		)
		if err != errBoom || vs != nil || cause != errBoom {
			t.Errorf("Gather gave %v, %v (cause %v); want nil, boom", vs, err, cause)
		}
		if took := time.Since(start); took != 11*time.Second {
			t.Errorf("Gather took %v, want 11s: it waits for what it cancelled", took)
		}
		tr.expect(t, "quick inner slow")
		if n := len(asyncio.LoopOf(ctx).Tasks()); n != 1 {
			t.Errorf("%d tasks live on", n-1)
		}
	})
}

// S11: tasks and futures that were handed in go on.
func TestS11_WhatWasHandedInIsNotCancelled(t *testing.T) {
	gathers := map[string]func(ctx context.Context, aws ...asyncio.Awaitable[int]) error{
		"by a failure": func(ctx context.Context, aws ...asyncio.Awaitable[int]) error {
			_, err := asyncio.Gather(ctx, append(aws, after(time.Second, 0, errBoom))...)
			return err
		},
		"by the failure of one that was handed in": func(ctx context.Context, aws ...asyncio.Awaitable[int]) error {
			_, err := asyncio.Gather(ctx, append(aws, asyncio.CreateTask(ctx, after(time.Second, 0, errBoom)))...)
			return err
		},
		"by one that had failed": func(ctx context.Context, aws ...asyncio.Awaitable[int]) error {
			f := asyncio.NewFuture[int](ctx)
			f.SetError(errBoom)
			asyncio.Sleep(ctx, time.Second)
			_, err := asyncio.Gather(ctx, append(aws, f)...)
			return err
		},
		"by the end of its ctx": func(ctx context.Context, aws ...asyncio.Awaitable[int]) error {
			ctx, cancel := asyncio.WithTimeout(ctx, time.Second)
			defer cancel()
			if _, err := asyncio.Gather(ctx, aws...); err != context.DeadlineExceeded {
				return err
			}
			return errBoom
		},
		"of GatherResults": func(ctx context.Context, aws ...asyncio.Awaitable[int]) error {
			ctx, cancel := asyncio.WithTimeout(ctx, time.Second)
			defer cancel()
			if rs := asyncio.GatherResults(ctx, aws...); rs[0].Err != context.DeadlineExceeded {
				return rs[0].Err
			}
			return errBoom
		},
	}
	for name, gather := range gathers {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				start := time.Now()
				task := asyncio.CreateTask(ctx, after(time.Minute, 1, nil))
				f := asyncio.NewFuture[int](ctx)
				if err := gather(ctx, task, f); err != errBoom {
					t.Errorf("Gather returned %v, want boom", err)
				}
				if took := time.Since(start); took != time.Second || task.Err() != asyncio.ErrNotDone || f.Err() != asyncio.ErrNotDone {
					t.Errorf("after %v: the task's error %v, the future's %v; want both pending after 1s", took, task.Err(), f.Err())
				}
				if await(ctx, t, task) != 1 || !f.SetResult(2) {
					t.Error("the task or the future did not go on")
				}
			})
		})
	}
}

// S11: an error that is there from the beginning ends Gather without waiting,
// and keeps it from starting what comes with it.
func TestS11_AnErrorThatIsThereAlready(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for _, last := range []bool{false, true} {
			failed := asyncio.CreateTask(ctx, after(0, 0, errBoom))
			asyncio.Sleep(ctx, time.Second)
			start := time.Now()
			began := false
			aws := []asyncio.Awaitable[int]{failed, asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
				began = true
				return 1, nil
			})}
			if last {
				aws[0], aws[1] = aws[1], aws[0]
			}
			if _, err := asyncio.Gather(ctx, aws...); err != errBoom || began || time.Since(start) != 0 {
				t.Errorf("error %v after %v, the other began: %v; want boom at once", err, time.Since(start), began)
			}
		}
	})
}

// S11: of several errors in one turn the one that came first is returned.
func TestS11_OfErrorsInOneTurnTheFirstIsReturned(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		second := errors.New("second")
		var fs []*asyncio.Future[int]
		for range 3 {
			fs = append(fs, asyncio.NewFuture[int](ctx))
		}
		asyncio.LoopOf(ctx).CallLater(time.Second, func() {
			fs[2].SetError(errBoom)
			fs[0].SetError(second)
		})
		if _, err := asyncio.Gather(ctx, fs...); err != errBoom {
			t.Errorf("Gather returned %v, want boom, which came first", err)
		}
		fs[0].Err()
	})
}

// S11, S14: cancelled itself, Gather cancels what it started, waits for it and
// returns the ctx's error.
func TestS11_ACancelledGatherCancelsAndWaits(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		var tr trace
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			vs, err := asyncio.Gather(ctx, stubborn(&tr, "a", time.Minute, 1, nil), after(time.Hour, 2, nil), stubborn(&tr, "b", time.Second, 0, errBoom))
			if err != context.Canceled || vs != nil {
				t.Errorf("Gather gave %v, %v; want nil, context.Canceled", vs, err)
			}
			return err
		})
		asyncio.Sleep(ctx, time.Second)
		task.Cancel(nil)
		task.Await(ctx)
		tr.expect(t, "b a")
		if took := time.Since(start); took != time.Second+time.Minute {
			t.Errorf("it took %v, want 1m1s", took)
		}

		ctx, cancel := context.WithCancel(ctx)
		cancel()
		_, err := asyncio.Gather(ctx, asyncio.Coroutine[int](func(context.Context) (int, error) { t.Error("a cancelled Gather started something"); return 0, nil }))
		if err != context.Canceled {
			t.Errorf("in a cancelled ctx: %v", err)
		}
	})
}

// S11: the cancellation came before the member's error, whoever runs first after it.
func TestS11_AMemberThatCancelsItsGatherAndFailsDecidesNothing(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var owner *asyncio.Task[struct{}]
		var gathered error
		owner = asyncio.Go(ctx, func(ctx context.Context) error {
			_, gathered = asyncio.Gather(ctx, asyncio.Coroutine[int](func(context.Context) (int, error) {
				owner.Cancel(nil)
				return 0, errors.New("too late")
			}))
			return gathered
		})
		if _, err := owner.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("the owner ended with %v, want it cancelled", err)
		}
		if gathered != context.Canceled {
			t.Errorf("Gather returned %v, want %v", gathered, context.Canceled)
		}
	})
}

// S11: a task that was handed in and is cancelled by others is an error like
// any other, and says which kind.
func TestS11_ACancelledTaskIsAnError(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.CreateTask(ctx, after(time.Hour, 1, nil))
		asyncio.LoopOf(ctx).CallLater(time.Second, func() { task.Cancel(errBoom) })
		_, err := asyncio.Gather(ctx, []asyncio.Awaitable[int]{task, after(time.Hour, 1, nil)}...)
		wantErr(t, "Gather", err, asyncio.ErrTaskCancelled, errBoom)
		if ctx.Err() != nil {
			t.Errorf("the ctx of Gather: %v", ctx.Err())
		}
	})
}
