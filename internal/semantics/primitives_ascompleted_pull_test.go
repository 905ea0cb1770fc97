package semantics_test

import (
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S20: a Pull of AsCompleted belongs to the task that has called next first. A call of another is refused by a
// panic, as there is no error to return, and changes nothing.

// pullOf begins to pull what gives one result after a second, and counts the coroutines that were cancelled.
func pullOf(ctx context.Context, cancelled *int) (next func() (int, asyncio.Result[int], bool), stop func()) {
	long := asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
		err := forever(ctx)
		*cancelled++
		return 0, err
	})
	return asyncio.Pull2(asyncio.AsCompleted(ctx, after(time.Second, 7, nil), long, long))
}

func TestS20_APullOfAsCompletedInItsOwnTask(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		cancelled := 0
		next, stop := pullOf(ctx, &cancelled)
		if i, r, ok := next(); i != 0 || r.Value != 7 || !ok {
			t.Errorf("next: %d, %v, %v; want the first", i, r, ok)
		}
		if stop(); cancelled != 2 {
			t.Errorf("stop returned when %d were cancelled, want 2", cancelled)
		}
	})
}

func TestS20_APullOfAsCompletedInAnotherTaskIsRefused(t *testing.T) {
	for name, in := range map[string]func(ctx context.Context, fn func()){
		"another task": func(ctx context.Context, fn func()) {
			asyncio.Go(ctx, func(context.Context) error { fn(); return nil }).Await(ctx)
		},
		"a thread": func(ctx context.Context, fn func()) {
			asyncio.ToThread(ctx, func(context.Context) (int, error) { fn(); return 0, nil })
		},
		"a callback": func(ctx context.Context, fn func()) {
			asyncio.LoopOf(ctx).CallSoon(fn)
			asyncio.Sleep(ctx, 0)
		},
	} {
		for call, make := range map[string]func(next func() (int, asyncio.Result[int], bool), stop func()) func(){
			"next": func(next func() (int, asyncio.Result[int], bool), _ func()) func() { return func() { next() } },
			"stop": func(_ func() (int, asyncio.Result[int], bool), stop func()) func() { return stop },
		} {
			t.Run(call+" in "+name, func(t *testing.T) {
				asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
					cancelled := 0
					next, stop := pullOf(ctx, &cancelled)
					next()
					in(ctx, func() { wantPanic(t, call, make(next, stop), asyncio.ErrWrongTask, "AsCompleted") })
					turns(ctx, t, 2)
					if cancelled != 0 {
						t.Errorf("the refused call cancelled %d", cancelled)
					}
					if stop(); cancelled != 2 {
						t.Errorf("%d were cancelled, want 2", cancelled)
					}
					if _, _, ok := next(); ok {
						t.Error("a result came after stop")
					}
				})
			})
		}
	}
}

// When the loop has ended nothing is left to stop.
func TestS20_APullOfAsCompletedIsStoppedAfterRun(t *testing.T) {
	cancelled := 0
	var stop func()
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		var next func() (int, asyncio.Result[int], bool)
		next, stop = asyncio.Pull2(asyncio.AsCompleted(ctx, value(7), asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
			err := forever(ctx)
			cancelled++
			return 0, err
		})))
		next()
		return nil
	})
	if v := panicOf(stop); v != nil || err != nil || cancelled != 1 {
		t.Errorf("Run: %v; stop: panic %v; %d cancelled, want 1", err, v, cancelled)
	}
}
