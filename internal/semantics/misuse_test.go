package semantics_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Bad input and misuse: a clear error that names the value, or a panic where no error can be returned.

// wantClear checks that err is one of the package's, and says all the words.
func wantClear(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	if !strings.HasPrefix(err.Error(), "asyncio: ") {
		t.Errorf("%s: %q does not say whose error it is", what, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %q does not say %q", what, err, word)
		}
	}
}

// wantClearPanic is wantClear for calls that cannot return an error.
func wantClearPanic(t *testing.T, what string, fn func(), words ...string) {
	t.Helper()
	switch v := panicOf(fn).(type) {
	case string:
		wantClear(t, what, errors.New(v), words...)
	case error:
		wantClear(t, what, v, words...)
	default:
		t.Errorf("%s: panic %v, want a message", what, v)
	}
}

func TestMisuse_NilCoroutine(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var none asyncio.Coroutine[int]
		var proc asyncio.Proc
		var noFunc func(ctx context.Context, arg string) (int, error)
		wantClearPanic(t, "CreateTask", func() { asyncio.CreateTask(ctx, none) }, "CreateTask", "nil coroutine")
		wantClearPanic(t, "CreateTask of Coro(nil)", func() { asyncio.CreateTask(ctx, asyncio.Coro(noFunc, "")) }, "CreateTask", "nil coroutine")
		wantClearPanic(t, "CreateTask of Coro0(nil)", func() { asyncio.CreateTask(ctx, asyncio.Coro0[int](nil)) }, "CreateTask", "nil coroutine")
		wantClearPanic(t, "Go", func() { asyncio.Go(ctx, nil) }, "Go", "nil")
		wantClearPanic(t, "Submit", func() { asyncio.Submit(asyncio.LoopOf(ctx), none) }, "Submit", "nil coroutine")
		one := asyncio.Coroutine[int](func(context.Context) (int, error) { t.Error("the good one was started"); return 1, nil })
		for what, err := range map[string]error{
			"Coroutine.Await": second(none.Await(ctx)),
			"Proc.Await":      second(proc.Await(ctx)),
			"Gather":          second(asyncio.Gather(ctx, one, none, one)),
			"GatherResults":   asyncio.GatherResults(ctx, one, none)[0].Err,
			"WaitFor":         second(asyncio.WaitFor(ctx, time.Second, none)),
			"WaitFor 0":       second(asyncio.WaitFor(ctx, 0, none)),
			"WithTaskGroup":   asyncio.WithTaskGroup(ctx, nil),
			"ToThread":        second(asyncio.ToThread[int](ctx, nil)),
			"Run":             offLoop(ctx, func(ctx context.Context) error { return asyncio.Run(ctx, nil) }),
			"Loop.Run":        offLoop(ctx, func(ctx context.Context) error { return asyncio.NewLoop().Run(ctx, nil) }),
		} {
			wantClear(t, what, err, "nil")
		}
		wantClear(t, "Gather names the argument", second(asyncio.Gather(ctx, one, none, one)), "1 of 3")
		turns(ctx, t, 3)
	})
}

func TestMisuse_NilAwaitable(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var noTask *asyncio.Task[int]
		var noFuture *asyncio.Future[int]
		var nothing asyncio.Awaitable[int]
		done := asyncio.Go(ctx, func(context.Context) error { return nil })
		var noProc *asyncio.Task[struct{}]
		for what, err := range map[string]error{
			"Gather of a nil task":      second(asyncio.Gather(ctx, noTask)),
			"Gather of a nil future":    second(asyncio.Gather(ctx, noFuture)),
			"Gather of a nil interface": second(asyncio.Gather(ctx, nothing)),
			"GatherResults":             asyncio.GatherResults(ctx, nothing)[0].Err,
			"WaitFor a nil task":        second(asyncio.WaitFor(ctx, 1, asyncio.Awaitable[int](noTask))),
			"WaitFor a nil interface":   second(asyncio.WaitFor(ctx, 1, nothing)),
		} {
			wantClear(t, what, err, "nil")
		}
		left, pending, err := asyncio.Wait(ctx, asyncio.AllCompleted, done, noProc)
		wantClear(t, "Wait for a nil task", err, "1 of 2", "nil")
		if len(left)+len(pending) != 2 {
			t.Errorf("Wait: done %v, pending %v; want them filled with an error too", left, pending)
		}
		_, _, err = asyncio.Wait(ctx, asyncio.AllCompleted, asyncio.AnyTask(nil))
		wantClear(t, "Wait for a nil interface", err, "nil")
		await(ctx, t, done)
	})
}

func TestMisuse_NilContext(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var none context.Context
		calls, end, used := suspendingCalls(ctx)
		defer end()
		check := func(where string) {
			for _, call := range calls {
				wantClear(t, call.name+" "+where, call.call(none), "nil context")
			}
			if asyncio.LoopOf(none) != nil || asyncio.CurrentTask(none) != nil {
				t.Error("LoopOf(nil), CurrentTask(nil): want nil")
			}
			one := func(context.Context) (int, error) { return 1, nil }
			wantClearPanic(t, "CreateTask", func() { asyncio.CreateTask(none, one) }, "CreateTask", "nil context")
			wantClearPanic(t, "Go", func() { asyncio.Go(none, forever) }, "Go", "nil context")
			wantClearPanic(t, "NewFuture", func() { asyncio.NewFuture[int](none) }, "NewFuture", "nil context")
			wantClearPanic(t, "WithTimeout", func() { asyncio.WithTimeout(none, 1) }, "WithTimeout", "nil context")
			wantClearPanic(t, "WithDeadline", func() { asyncio.WithDeadline(none, time.Now()) }, "WithDeadline", "nil context")
		}
		check("on the loop")
		offLoop(ctx, func(ctx context.Context) error {
			check("off the loop")
			wantClear(t, "Run", asyncio.Run(none, forever), "nil context")
			return nil
		})
		if *used != 0 {
			t.Errorf("%d functions were entered", *used)
		}
	})
}

func TestMisuse_NilFunctionsAndErrors(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.LoopOf(ctx)
		f := asyncio.NewFuture[int](ctx)
		task := asyncio.Go(ctx, func(context.Context) error { return nil })
		wantClearPanic(t, "CallSoon", func() { l.CallSoon(nil) }, "CallSoon", "nil")
		wantClearPanic(t, "CallLater", func() { l.CallLater(1, nil) }, "CallLater", "nil")
		wantClearPanic(t, "CallAt", func() { l.CallAt(time.Now(), nil) }, "CallAt", "nil")
		wantClearPanic(t, "CallSoonThreadsafe", func() { l.CallSoonThreadsafe(nil) }, "CallSoonThreadsafe", "nil")
		wantClearPanic(t, "Task.OnDone", func() { task.OnDone(nil) }, "OnDone", "nil")
		wantClearPanic(t, "Future.OnDone", func() { f.OnDone(nil) }, "OnDone", "nil")
		wantClearPanic(t, "SetError", func() { f.SetError(nil) }, "SetError", "nil")
		wantClearPanic(t, "Via", func() { asyncio.Via(nil) }, "Via", "nil")
		wantClearPanic(t, "Via", func() { asyncio.Via(&asyncio.Limiter{}) }, "Via", "NewLimiter")
		wantClearPanic(t, "Submit to a nil loop", func() { asyncio.Submit(nil, asyncio.Coroutine[int](nil)) }, "Submit", "nil")
		wantClearPanic(t, "Submit to a nil loop", func() {
			asyncio.Submit(nil, func(context.Context) (int, error) { return 1, nil })
		}, "Submit", "nil loop")
		if f.Err() != asyncio.ErrNotDone {
			t.Errorf("the future after a refused SetError: %v", f.Err())
		}
		await(ctx, t, task)
	}, nil) // a nil option is no option
}

func TestMisuse_SetResultTwice(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for name, first := range map[string]func(f *asyncio.Future[int]) bool{
			"SetResult": func(f *asyncio.Future[int]) bool { return f.SetResult(1) },
			"SetError":  func(f *asyncio.Future[int]) bool { return f.SetError(errBroken) },
			"Cancel":    func(f *asyncio.Future[int]) bool { return f.Cancel(errWhy) },
		} {
			f := asyncio.NewFuture[int](ctx)
			if !first(f) {
				t.Errorf("first %s: false", name)
			}
			v, err := f.Result()
			if f.SetResult(2) || f.SetError(errors.New("late")) || f.Cancel(errors.New("late")) {
				t.Errorf("after %s: settled again", name)
			}
			if again, e := f.Result(); again != v || e != err {
				t.Errorf("after %s: %d, %v became %d, %v", name, v, err, again, e)
			}
		}
	})
}

// Of many goroutines that settle a future at once one wins, and everybody sees its value.
func TestMisuse_SetResultFromManyGoroutines(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for range 200 {
			f := asyncio.NewFuture[int](ctx)
			var mu sync.Mutex
			var winners []int
			for i := range 8 {
				go func() {
					if f.SetResult(i) {
						mu.Lock()
						defer mu.Unlock()
						winners = append(winners, i)
					}
				}()
			}
			v := await(ctx, t, f)
			asyncio.Sleep(ctx, 1) // the others have lost by then
			mu.Lock()
			if len(winners) != 1 || winners[0] != v {
				t.Errorf("winners %v, the value is %d", winners, v)
			}
			mu.Unlock()
		}
	})
}

func TestMisuse_ResultBeforeTheEnd(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Go(ctx, forever)
		f := asyncio.NewFuture[int](ctx)
		for what, err := range map[string]error{
			"Task.Result": second(task.Result()), "Task.Err": task.Err(), "Future.Result": second(f.Result()), "Future.Err": f.Err(),
		} {
			wantErr(t, what, err, asyncio.ErrNotDone)
		}
		task.Cancel(nil)
		task.Await(ctx)
	})
}

func TestMisuse_ALoopRunsOnce(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := asyncio.NewLoop()
		var during error
		err := offLoop(ctx, func(ctx context.Context) error {
			return l.Run(ctx, func(ctx context.Context) error {
				during = offLoop(ctx, func(ctx context.Context) error { return l.Run(ctx, forever) })
				return nil
			})
		})
		if err != nil {
			t.Errorf("the first Run: %v", err)
		}
		wantClear(t, "Run of a running loop", during, "running")
		wantErr(t, "Run of a closed loop", offLoop(ctx, func(ctx context.Context) error { return l.Run(ctx, forever) }), asyncio.ErrLoopClosed)
	})
}
