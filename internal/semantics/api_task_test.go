package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// handle is what tasks and futures have in common.
type handle interface {
	asyncio.Awaitable[int]
	Result() (int, error)
	Err() error
	Done() <-chan struct{}
	OnDone(func())
	Cancel(error) bool
}

// handles makes a task and a future, each with a function that ends it: by an
// error if there is one, else by v.
func handles(ctx context.Context) map[string]func() (h handle, end func(v int, err error)) {
	settle := func(f *asyncio.Future[int]) func(int, error) {
		return func(v int, err error) {
			if err != nil {
				f.SetError(err)
			} else {
				f.SetResult(v)
			}
		}
	}
	return map[string]func() (handle, func(int, error)){
		"future": func() (handle, func(int, error)) {
			f := asyncio.NewFuture[int](ctx)
			return f, settle(f)
		},
		"task": func() (handle, func(int, error)) {
			f := asyncio.NewFuture[int](ctx)
			return asyncio.CreateTask(ctx, f.Await), func(v int, err error) {
				settle(f)(v, err)
				asyncio.Sleep(ctx, 0)
				asyncio.Sleep(ctx, 0)
			}
		},
	}
}

func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func TestTasksAndFuturesGiveTheirResult(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for kind, create := range handles(ctx) {
			for _, want := range []asyncio.Result[int]{{Value: 7}, {Err: errBoom}} {
				h, end := create()
				done := h.Done()
				if v, err := h.Result(); v != 0 || err != asyncio.ErrNotDone || h.Err() != asyncio.ErrNotDone || closed(done) {
					t.Errorf("pending %s: Result %d, %v; Err %v; Done closed %v", kind, v, err, h.Err(), closed(done))
				}
				end(want.Value, want.Err)
				if !closed(done) || !closed(h.Done()) || h.Err() != want.Err || h.Cancel(nil) {
					t.Errorf("ended %s: Done closed %v, Err %v, want %v; Cancel reports true", kind, closed(done), h.Err(), want.Err)
				}
				for range 3 { // any number of times, after the end as before
					v, err := h.Await(ctx)
					again, errAgain := h.Result()
					if v != want.Value || err != want.Err || again != v || errAgain != err {
						t.Errorf("ended %s: Await gave %d, %v, Result %d, %v; want %v", kind, v, err, again, errAgain, want)
					}
				}
			}
		}
	})
}

func TestSeveralTasksAwaitTheSameThing(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for kind, create := range handles(ctx) {
			var tr trace
			h, end := create()
			for i := range 5 {
				asyncio.Go(ctx, func(ctx context.Context) error {
					v, err := h.Await(ctx)
					tr.add(i, ":", v, ",", err)
					return nil
				})
			}
			asyncio.Sleep(ctx, time.Second)
			end(7, nil)
			asyncio.Sleep(ctx, time.Second)
			t.Log(kind)
			tr.expect(t, "0:7,<nil> 1:7,<nil> 2:7,<nil> 3:7,<nil> 4:7,<nil>")
		}
	})
}

func TestOnDoneIsCalledInOrderAndNeverInline(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for kind, create := range handles(ctx) {
			var tr trace
			h, end := create()
			for i := range 3 {
				h.OnDone(func() {
					tr.add(i)
					if asyncio.CurrentTask(ctx) != nil {
						t.Errorf("%s: the callback runs in task %v", kind, asyncio.CurrentTask(ctx).Name())
					}
				})
			}
			asyncio.Sleep(ctx, time.Second)
			if len(tr) != 0 {
				t.Errorf("%s: called while it is pending: %v", kind, tr)
			}
			end(7, nil)
			asyncio.Sleep(ctx, 0)
			h.OnDone(func() { tr.add("late") })
			tr.expect(t, "0 1 2")
			asyncio.Sleep(ctx, 0)
			tr.expect(t, "0 1 2 late")
		}
	})
}

func TestEndsAreSeenFromOtherGoroutines(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for kind, create := range handles(ctx) {
			h, end := create()
			const watchers = 10
			seen := asyncio.NewFuture[int](ctx)
			called, told := 0, 0
			for range watchers {
				go func() {
					h.OnDone(func() { called++ }) // on the loop
					v, err := h.Await(context.Background())
					<-h.Done()
					if again, errAgain := h.Result(); v != 7 || err != nil || again != 7 || errAgain != nil {
						t.Errorf("%s: Await gave %d, %v, Result %d, %v; want 7", kind, v, err, again, errAgain)
					}
					asyncio.LoopOf(ctx).CallSoonThreadsafe(func() {
						if told++; told == watchers {
							seen.SetResult(told)
						}
					})
				}()
			}
			asyncio.Sleep(ctx, time.Second)
			end(7, nil)
			await(ctx, t, seen)
			if called != watchers {
				t.Errorf("%s: %d of %d callbacks were called", kind, called, watchers)
			}
		}
	})
}

func TestAFutureIsSetOnce(t *testing.T) {
	settlers := map[string]func(f *asyncio.Future[int]) bool{
		"SetResult": func(f *asyncio.Future[int]) bool { return f.SetResult(2) },
		"SetError":  func(f *asyncio.Future[int]) bool { return f.SetError(errors.New("second")) },
		"Cancel":    func(f *asyncio.Future[int]) bool { return f.Cancel(errors.New("second")) },
	}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for first, settle := range settlers {
			for second, settleAgain := range settlers {
				f := asyncio.NewFuture[int](ctx)
				if !settle(f) {
					t.Errorf("%s of a pending future reported false", first)
				}
				v, err := f.Result()
				if settleAgain(f) {
					t.Errorf("%s after %s reported true", second, first)
				}
				if again, errAgain := f.Result(); again != v || errAgain != err {
					t.Errorf("%s after %s made %d, %v of %d, %v", second, first, again, errAgain, v, err)
				}
			}
		}
	})
}

func TestACancelledFutureSaysSo(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		f := asyncio.NewFuture[int](ctx)
		f.Cancel(errBoom)
		_, err := f.Await(ctx)
		wantErr(t, "Await", err, asyncio.ErrTaskCancelled, context.Canceled, errBoom)
	})
}

func TestAFutureIsSetByAnyGoroutineButOneWins(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		f := asyncio.NewFuture[int](ctx)
		won := make([]bool, 10)
		var all sync.WaitGroup
		for i := range won {
			all.Go(func() {
				time.Sleep(time.Second)
				won[i] = f.SetResult(i)
			})
		}
		v, err := f.Await(ctx)
		all.Wait()
		winners := 0
		for _, w := range won {
			if w {
				winners++
			}
		}
		if err != nil || winners != 1 || !won[v] {
			t.Errorf("Await gave %d, %v; SetResult reported %v", v, err, won)
		}
	})
}

func TestNamesAndNumbers(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		seen := map[uint64]bool{asyncio.CurrentTask(ctx).ID(): true}
		for i := range 2000 {
			task := asyncio.CreateTask(ctx, value(i))
			if i%2 == 1 {
				task = asyncio.Submit(asyncio.LoopOf(ctx), value(i))
			}
			if seen[task.ID()] {
				t.Fatalf("two tasks have the number %d", task.ID())
			}
			seen[task.ID()] = true
			if want := fmt.Sprint("Task-", task.ID()); task.Name() != want {
				t.Errorf("task %d is called %q, want %q", task.ID(), task.Name(), want)
			}
		}
		named := []interface{ Name() string }{
			asyncio.CreateTask(ctx, value(1), asyncio.Name("mine")),
			asyncio.Go(ctx, failing(nil), asyncio.Name("mine")),
			asyncio.Submit(asyncio.LoopOf(ctx), value(1), asyncio.Name("mine")),
		}
		for _, task := range named {
			if task.Name() != "mine" {
				t.Errorf("the task is called %q, want %q", task.Name(), "mine")
			}
		}
		if name := asyncio.CurrentTask(ctx).Name(); name != "main" {
			t.Errorf("the main task is called %q", name)
		}
		asyncio.Sleep(ctx, 0)
	})
}

func TestCoroBindsItsArgument(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		double := func(ctx context.Context, n int) (string, error) {
			return fmt.Sprint(2 * n), asyncio.Sleep(ctx, time.Second)
		}
		c := asyncio.Coro(double, 21)
		for range 2 { // it runs anew each time
			if v, err := c.Await(ctx); v != "42" || err != nil {
				t.Errorf("got %q, %v", v, err)
			}
		}
		if v := await(ctx, t, asyncio.CreateTask(ctx, c)); v != "42" {
			t.Errorf("as a task it gave %q", v)
		}
	})
}

// A name may be asked for from anywhere at any time: with -race, also while the
// task first awaits under a std context.
func TestNamesFromOtherGoroutines(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var readers sync.WaitGroup
		for range 100 {
			task := asyncio.Go(ctx, func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				return asyncio.Sleep(ctx, time.Millisecond)
			})
			readers.Go(func() {
				for range 10 {
					if task.Name() == "" || task.ID() == 0 {
						t.Error("a task without a name")
					}
				}
			})
		}
		asyncio.Sleep(ctx, time.Second)
		readers.Wait()
	})
}
