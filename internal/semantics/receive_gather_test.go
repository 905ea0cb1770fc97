package semantics_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// S9, S11: a Gather that returns the error of one argument receives those of all others,
// whenever they come. Where a call returns something else, the errors of tasks and futures
// that were handed in stay theirs.
func TestS09_WhatGatherReceives(t *testing.T) {
	first, other := errors.New("first"), errors.New("other")
	type task = *asyncio.Task[int]
	fails := func(ctx context.Context, d time.Duration, err error) task {
		return asyncio.CreateTask(ctx, after(d, 0, err))
	}
	future := func(ctx context.Context, d time.Duration, err error) *asyncio.Future[int] {
		f := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallLater(d, func() { f.SetError(err) })
		return f
	}
	cut := func(ctx context.Context) context.Context {
		ctx, cancel := asyncio.WithTimeout(ctx, 500*time.Millisecond)
		_ = cancel // the end of Run does it
		return ctx
	}
	type aw = asyncio.Awaitable[int]
	for name, c := range map[string]struct {
		run      func(ctx context.Context) error
		returned error
		reported []error
	}{
		"two tasks, the other in the same turn": {func(ctx context.Context) error {
			return second(asyncio.Gather(ctx, fails(ctx, time.Second, first), fails(ctx, time.Second, other)))
		}, first, nil},
		"the other a second after Gather returned": {func(ctx context.Context) error {
			return second(asyncio.Gather(ctx, fails(ctx, time.Second, first), fails(ctx, 2*time.Second, other)))
		}, first, nil},
		"both before Gather began": {func(ctx context.Context) error {
			a, b := fails(ctx, 0, other), fails(ctx, 0, first)
			asyncio.Sleep(ctx, time.Second)
			return second(asyncio.Gather(ctx, b, a))
		}, first, nil},
		"the other while Gather waits for what it started": {func(ctx context.Context) error {
			var tr trace
			return second(asyncio.Gather(ctx, []aw{fails(ctx, time.Second, first), fails(ctx, 2*time.Second, other), stubborn(&tr, "", time.Hour, 0, nil)}...))
		}, first, nil},
		"futures": {func(ctx context.Context) error {
			return second(asyncio.Gather(ctx, future(ctx, time.Second, first), future(ctx, 2*time.Second, other)))
		}, first, nil},
		"a future set in a thread": {func(ctx context.Context) error {
			f := asyncio.NewFuture[int](ctx)
			err := second(asyncio.Gather(ctx, []aw{fails(ctx, time.Second, first), f}...))
			offLoop(ctx, func(context.Context) error { f.SetError(other); return nil })
			return err
		}, first, nil},
		"one that was started fails first": {func(ctx context.Context) error {
			return second(asyncio.Gather(ctx, []aw{after(time.Second, 0, first), fails(ctx, 2*time.Second, other)}...))
		}, first, nil},
		"one that was started fails as it is cancelled": {func(ctx context.Context) error {
			var tr trace
			return second(asyncio.Gather(ctx, []aw{fails(ctx, time.Second, first), stubborn(&tr, "", time.Second, 0, other)}...))
		}, first, nil},
		"one task in two Gathers": {func(ctx context.Context) error {
			shared := fails(ctx, 2*time.Second, other)
			err := second(asyncio.Gather(ctx, fails(ctx, time.Second, first), shared))
			if err := second(asyncio.Gather(ctx, shared)); err != other {
				t.Errorf("the second Gather returned %v, want %v", err, other)
			}
			return err
		}, first, nil},
		"one task twice in a Gather": {func(ctx context.Context) error {
			task := fails(ctx, time.Second, first)
			return second(asyncio.Gather(ctx, task, task))
		}, first, nil},
		"in a WaitFor": {func(ctx context.Context) error {
			return second(asyncio.WaitFor(ctx, time.Hour, asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
				return 0, second(asyncio.Gather(ctx, fails(ctx, time.Second, first), fails(ctx, 2*time.Second, other)))
			})))
		}, first, nil},
		"a Gather in a Gather": {func(ctx context.Context) error {
			return second(asyncio.Gather(ctx, asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
				return 0, second(asyncio.Gather(ctx, fails(ctx, time.Second, first), fails(ctx, time.Minute, other)))
			}), after(time.Hour, 0, nil)))
		}, first, nil},
		"a task that was cancelled ends it": {func(ctx context.Context) error {
			victim := asyncio.CreateTask(ctx, after(time.Hour, 0, nil))
			asyncio.LoopOf(ctx).CallLater(time.Second, func() { victim.Cancel(first) })
			err := second(asyncio.Gather(ctx, victim, fails(ctx, time.Minute, other)))
			wantErr(t, "Gather", err, first)
			return first
		}, first, nil},

		"Gather cut by a time-out": {func(ctx context.Context) error {
			return second(asyncio.Gather(cut(ctx), fails(ctx, time.Second, first), fails(ctx, 2*time.Second, other)))
		}, context.DeadlineExceeded, []error{first, other}},
		"Gather cut, and one fails in that turn": {func(ctx context.Context) error {
			f := asyncio.NewFuture[int](ctx)
			limited, cancel := context.WithCancel(ctx)
			asyncio.LoopOf(ctx).CallLater(time.Second, func() { cancel(); f.SetError(first) })
			return second(asyncio.Gather(limited, []aw{f, after(time.Hour, 0, nil)}...))
		}, context.Canceled, []error{first}},
		"a Gather that another one cut": {func(ctx context.Context) error {
			handed := fails(ctx, time.Minute, other)
			return second(asyncio.Gather(ctx, after(time.Second, 0, first), asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
				return 0, second(asyncio.Gather(ctx, handed))
			})))
		}, first, []error{other}},
		"Gather refused: an argument is nil": {func(ctx context.Context) error {
			if _, err := asyncio.Gather(ctx, []aw{fails(ctx, time.Second, other), after(0, 0, first), nil}...); err == nil {
				t.Error("Gather took nil")
			}
			return nil
		}, nil, []error{other}},
		"Gather refused: it awaits itself": {func(ctx context.Context) error {
			var self *asyncio.Task[int]
			self = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				return 0, second(asyncio.Gather(ctx, []aw{fails(ctx, time.Second, other), after(0, 0, first), self}...))
			})
			wantErr(t, "Gather", second(self.Await(ctx)), asyncio.ErrDeadlock)
			return nil
		}, nil, []error{other}},
		"GatherResults returns them all": {func(ctx context.Context) error {
			r := asyncio.GatherResults(ctx, fails(ctx, time.Second, first), fails(ctx, 2*time.Second, other))
			return errors.Join(r[0].Err, r[1].Err)
		}, errors.Join(first, other), nil},
		"GatherResults cut between two": {func(ctx context.Context) error {
			r := asyncio.GatherResults(cut(ctx), fails(ctx, 250*time.Millisecond, first), fails(ctx, 2*time.Second, other))
			return errors.Join(r[0].Err, r[1].Err)
		}, errors.Join(first, context.DeadlineExceeded), []error{other}},
		"AsCompleted left after the first": {func(ctx context.Context) error {
			for _, r := range asyncio.AsCompleted(ctx, fails(ctx, time.Second, first), fails(ctx, 2*time.Second, other)) {
				return r.Err
			}
			return nil
		}, first, []error{other}},
		"AsCompleted left after the first of two that had ended": {func(ctx context.Context) error {
			a, b := fails(ctx, 0, first), fails(ctx, 0, other)
			asyncio.Sleep(ctx, time.Second)
			for _, r := range asyncio.AsCompleted(ctx, a, b) {
				return r.Err
			}
			return nil
		}, first, []error{other}},
		"AsCompleted left while one that it started fails": {func(ctx context.Context) error {
			var tr trace
			for _, r := range asyncio.AsCompleted(ctx, after(time.Second, 0, first), stubborn(&tr, "", time.Second, 0, other)) {
				return r.Err
			}
			return nil
		}, first, nil},
		"AsCompleted cut between two": {func(ctx context.Context) error {
			var errs []error
			for _, r := range asyncio.AsCompleted(cut(ctx), fails(ctx, 250*time.Millisecond, first), fails(ctx, 2*time.Second, other)) {
				errs = append(errs, r.Err)
			}
			return errors.Join(errs...)
		}, errors.Join(first, context.DeadlineExceeded), []error{other}},
		"Wait": {func(ctx context.Context) error {
			asyncio.Wait(ctx, asyncio.FirstError, fails(ctx, time.Second, first), fails(ctx, 2*time.Second, other))
			return nil
		}, nil, []error{first, other}},
	} {
		t.Run(name, func(t *testing.T) {
			var got reports
			runVirtual(t, func(ctx context.Context) error {
				err := c.run(ctx)
				if (err == nil) != (c.returned == nil) || err != nil && err.Error() != c.returned.Error() {
					t.Errorf("the call returned %v, want %v", err, c.returned)
				}
				return asyncio.Sleep(ctx, time.Hour)
			}, got.option())
			if !slices.EqualFunc(got, c.reported, func(u asyncio.Unhandled, want error) bool { return u.Err == want }) {
				t.Errorf("reported %v, want %v", got, c.reported)
			}
		})
	}
}

// The same where the other task belongs to another loop: what counts as received there is
// not reported there.
func TestS09_GatherReceivesFromAnotherLoop(t *testing.T) {
	for name, c := range map[string]struct {
		cut  bool // the Gather is cancelled instead of failing
		want int
	}{
		"Gather failed":        {false, 0},
		"Gather was cancelled": {true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var got reports
			runVirtual(t, func(ctx context.Context) error {
				late := asyncio.CreateTask(ctx, after(time.Minute, 0, errBroken))
				offLoop(ctx, func(off context.Context) error {
					return asyncio.Run(context.Background(), func(ctx context.Context) error {
						limited, cancel := asyncio.WithTimeout(ctx, time.Second)
						defer cancel()
						d := time.Millisecond
						if c.cut {
							d = time.Hour
						}
						_, err := asyncio.Gather(limited, []asyncio.Awaitable[int]{late, after(d, 0, errBoom)}...)
						if want := map[bool]error{false: errBoom, true: context.DeadlineExceeded}[c.cut]; err != want {
							t.Errorf("Gather returned %v, want %v", err, want)
						}
						return nil
					}, virtual)
				})
				return asyncio.Sleep(ctx, time.Hour)
			}, got.option())
			if len(got) != c.want {
				t.Errorf("reported %v, want %d", got, c.want)
			}
		})
	}
}

// A Gather in a task that is abandoned returns nothing: the error of what it started is reported.
func TestS09_AnAbandonedGathersErrorIsReported(t *testing.T) {
	var got reports
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			return second(asyncio.Gather(ctx, after(0, 0, errBoom), asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
				return asyncio.NewFuture[int](ctx).Await(context.WithoutCancel(ctx))
			})))
		})
		turns(ctx, t, 5)
		return nil
	}, got.option(), asyncio.WithShutdownTimeout(0))
	if len(got) != 1 || got[0].Err != errBoom {
		t.Errorf("reported %v, want boom", got)
	}
	wantErr(t, "Run", err, errBoom)
}
