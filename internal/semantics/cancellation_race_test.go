package semantics_test

import (
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S15: a value is never lost to a race with cancellation.

func TestS15_OnEntryACancelledContextWins(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return 1, nil })
		future := asyncio.NewFuture[int](ctx)
		future.SetResult(2)
		await(ctx, t, task)
		c, cancel := asyncio.WithTimeout(ctx, time.Hour)
		cancel()
		for name, err := range map[string]error{
			"Task.Await":    second(task.Await(c)),
			"Future.Await":  second(future.Await(c)),
			"Gather":        second(asyncio.Gather(c, task)),
			"GatherResults": asyncio.GatherResults(c, task)[0].Err,
			"WaitFor":       second(asyncio.WaitFor(c, time.Hour, task)),
			"WaitFor 0":     second(asyncio.WaitFor(c, 0, task)),
		} {
			if err != context.Canceled {
				t.Errorf("%s of what is done with a cancelled ctx: %v, want context.Canceled", name, err)
			}
		}
		if _, _, err := asyncio.Wait(c, asyncio.AllCompleted, task); err != context.Canceled {
			t.Errorf("Wait: %v, want context.Canceled", err)
		}
		if v, err := task.Result(); v != 1 || err != nil {
			t.Errorf("Task.Result: %d, %v; want 1: nothing is lost", v, err)
		}
		if v, err := future.Result(); v != 2 || err != nil {
			t.Errorf("Future.Result: %d, %v; want 2", v, err)
		}
	})
}

// waits are the awaits of one future of one task's, that return what it was set to.
var waits = map[string]func(ctx context.Context, f *asyncio.Future[int], task *asyncio.Task[int]) (int, error){
	"Future.Await": func(ctx context.Context, f *asyncio.Future[int], _ *asyncio.Task[int]) (int, error) {
		return f.Await(ctx)
	},
	"Task.Await": func(ctx context.Context, _ *asyncio.Future[int], task *asyncio.Task[int]) (int, error) {
		return task.Await(ctx)
	},
	"Gather": func(ctx context.Context, f *asyncio.Future[int], _ *asyncio.Task[int]) (int, error) {
		vs, err := asyncio.Gather(ctx, f)
		if err != nil {
			return 0, err
		}
		return vs[0], nil
	},
	"GatherResults": func(ctx context.Context, f *asyncio.Future[int], _ *asyncio.Task[int]) (int, error) {
		r := asyncio.GatherResults(ctx, f)[0]
		return r.Value, r.Err
	},
	"Wait": func(ctx context.Context, _ *asyncio.Future[int], task *asyncio.Task[int]) (int, error) {
		if _, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, task); err != nil {
			return 0, err
		}
		return task.Result()
	},
	"WaitFor": func(ctx context.Context, f *asyncio.Future[int], _ *asyncio.Task[int]) (int, error) {
		return asyncio.WaitFor(ctx, time.Hour, f)
	},
}

// raceWaits parks a task in each of the waits, has race called with what it waits for and what cancels it,
// and hands what came of it to check: the value, the error, and the error of the next await.
func raceWaits(t *testing.T, race func(ctx context.Context, set, cancel func()), check func(t *testing.T, name string, v int, err, next error)) {
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				f, gate := asyncio.NewFuture[int](ctx), asyncio.NewFuture[int](ctx)
				source := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return gate.Await(ctx) })
				var v int
				var err, next error
				waiter := asyncio.Go(ctx, func(ctx context.Context) error {
					v, err = wait(ctx, f, source)
					next = asyncio.Sleep(ctx, 0)
					return nil
				})
				turns(ctx, t, 2)
				set := func() {
					f.SetResult(7)
					gate.SetResult(7)
				}
				if name == "Task.Await" || name == "Wait" { // the task takes a turn to end
					race(ctx, func() { gate.SetResult(7); turns(ctx, t, 1) }, func() { waiter.Cancel(nil) })
				} else {
					race(ctx, set, func() { waiter.Cancel(nil) })
				}
				waiter.Await(ctx)
				check(t, name, v, err, next)
				set()
				if v, err := source.Await(ctx); v != 7 || err != nil {
					t.Errorf("the awaited task: %d, %v", v, err)
				}
				if v, err := f.Result(); v != 7 || err != nil {
					t.Errorf("the future: %d, %v", v, err)
				}
			})
		})
	}
}

func TestS15_AfterParkingTheResultWins(t *testing.T) {
	raceWaits(t, func(_ context.Context, set, cancel func()) { set(); cancel() }, func(t *testing.T, name string, v int, err, next error) {
		if v != 7 || err != nil {
			t.Errorf("%s: result, then cancelled: %d, %v; want 7, nil", name, v, err)
		}
		if next != context.Canceled {
			t.Errorf("the await after %s: %v, want context.Canceled", name, next)
		}
	})
}

func TestS15_WhoIsCancelledFirstLosesNothing(t *testing.T) {
	raceWaits(t, func(_ context.Context, set, cancel func()) { cancel(); set() }, func(t *testing.T, name string, v int, err, next error) {
		if name == "GatherResults" && v == 7 && err == nil {
			err = context.Canceled // it returns what is there when it goes on
			v = 0
		}
		if v != 0 || err != context.Canceled || next != context.Canceled {
			t.Errorf("%s: cancelled, then result: %d, %v, next await %v; want the cancellation", name, v, err, next)
		}
	})
}

// The same from another goroutine, where the order is that of the two calls.
func TestS15_TheOrderOfCallsFromElsewhereIsKept(t *testing.T) {
	for _, setFirst := range []bool{true, false} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			f := asyncio.NewFuture[int](ctx)
			var v int
			var err error
			waiter := asyncio.Go(ctx, func(ctx context.Context) error { v, err = f.Await(ctx); return nil })
			turns(ctx, t, 1)
			done := make(chan struct{})
			go func() {
				defer close(done)
				if setFirst {
					f.SetResult(7)
				}
				waiter.Cancel(nil)
				f.SetResult(7)
			}()
			<-done
			waiter.Await(ctx)
			if got := err == nil && v == 7; got != setFirst {
				t.Errorf("result set first: %v, the waiter got %d, %v", setFirst, v, err)
			}
		})
	}
}

// Off the loop the same: what is there when the wait began with a live ctx is not lost to its end.
func TestS15_OffTheLoopTheResultWinsToo(t *testing.T) {
	for range 64 {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			f := asyncio.NewFuture[int](ctx)
			c := &ownContext{Context: context.Background(), done: make(chan struct{})}
			_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
				v, err := f.Await(setOnDone{c, f})
				if v != 7 || err != nil {
					t.Errorf("Await: %d, %v; want 7: it was set before the context ended", v, err)
				}
				return v, err
			})
			if err != nil {
				t.FailNow()
			}
		})
	}
}

// setOnDone sets the future, and ends after that, when a wait that has begun asks for its channel.
type setOnDone struct {
	*ownContext
	f *asyncio.Future[int]
}

func (c setOnDone) Done() <-chan struct{} {
	if c.f.SetResult(7) {
		close(c.done)
	}
	return c.done
}

// A time-out at the instant of the result: either is given, and nothing is lost.
func TestS15_ATimeOutAtTheInstantOfTheResult(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for name, resultFirst := range map[string]bool{"the result's timer first": true, "the time-out's timer first": false} {
			f := asyncio.NewFuture[int](ctx)
			arm := func() { asyncio.LoopOf(ctx).CallLater(time.Second, func() { f.SetResult(7) }) }
			if resultFirst {
				arm()
			}
			c, cancel := asyncio.WithTimeout(ctx, time.Second)
			if !resultFirst {
				arm()
			}
			v, err := f.Await(c)
			cancel()
			if err != nil && err != context.DeadlineExceeded || err == nil && v != 7 {
				t.Errorf("%s: %d, %v", name, v, err)
			}
			turns(ctx, t, 1)
			if v, err := f.Result(); v != 7 || err != nil {
				t.Errorf("%s: the future has %d, %v", name, v, err)
			}
		}
	})
}
