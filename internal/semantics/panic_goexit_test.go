package semantics_test

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
)

// S12, third part: runtime.Goexit ends Run's goroutine, after the rest has been cancelled and drained.

// exits are the places from which a Goexit can come. The call to make is handed in.
var exits = map[string]func(ctx context.Context, exit func()) error{
	"main": func(_ context.Context, exit func()) error { exit(); return nil },
	"a task": func(ctx context.Context, exit func()) error {
		asyncio.Go(ctx, func(context.Context) error { exit(); return nil })
		return forever(ctx)
	},
	"a task that was parked": func(ctx context.Context, exit func()) error {
		asyncio.Go(ctx, func(ctx context.Context) error { asyncio.Sleep(ctx, time.Second); exit(); return nil })
		return forever(ctx)
	},
	"a group's body": func(ctx context.Context, exit func()) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, forever)
			asyncio.Sleep(ctx, 0)
			exit()
			return nil
		})
	},
	"a group's child": func(ctx context.Context, exit func()) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(context.Context) error { exit(); return nil })
			return forever(ctx)
		})
	},
	"a gathered coroutine": func(ctx context.Context, exit func()) error {
		_, err := asyncio.Gather(ctx, asyncio.Proc(forever), asyncio.Proc(func(context.Context) error { exit(); return nil }))
		return err
	},
	"ToThread's function": func(ctx context.Context, exit func()) error {
		_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { exit(); return 0, nil })
		return err
	},
	"a callback": func(ctx context.Context, exit func()) error {
		asyncio.LoopOf(ctx).CallSoon(exit)
		return forever(ctx)
	},
	"a timer": func(ctx context.Context, exit func()) error {
		asyncio.LoopOf(ctx).CallLater(time.Second, exit)
		return forever(ctx)
	},
	"a done callback": func(ctx context.Context, exit func()) error {
		asyncio.Go(ctx, func(context.Context) error { return nil }).OnDone(exit)
		return forever(ctx)
	},
	"clean-up in the shutdown": func(ctx context.Context, exit func()) error {
		asyncio.Go(ctx, func(ctx context.Context) error { forever(ctx); exit(); return nil })
		return asyncio.Sleep(ctx, 0)
	},
}

func TestS12_GoexitEndsRunsGoroutineAfterTheRest(t *testing.T) {
	for from, program := range exits {
		t.Run(from, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var order []string
				how, v := endOf(func() {
					defer func() { order = append(order, "deferred by Run's caller") }()
					err := asyncio.Run(context.Background(), func(ctx context.Context) error {
						asyncio.Go(ctx, func(ctx context.Context) error {
							err := forever(ctx)
							wantErr(t, "the rest", err, context.Canceled)
							asyncio.Sleep(context.WithoutCancel(ctx), time.Second)
							order = append(order, "rest cleaned up")
							return err
						})
						turns(ctx, t, 1)
						return program(ctx, runtime.Goexit)
					})
					t.Errorf("Run returned %v", err)
				})
				if how != itExited {
					t.Fatalf("Run's caller %s (%v), want that it exited", how, v)
				}
				if want := []string{"rest cleaned up", "deferred by Run's caller"}; !slices.Equal(order, want) {
					t.Errorf("order %q, want %q", order, want)
				}
			})
		})
	}
}

// What a task deferred runs, and what Goexit leaves behind can still await.
func TestS12_GoexitRunsTheDeferredCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		endOf(func() {
			asyncio.Run(context.Background(), func(ctx context.Context) error {
				defer func() { order = append(order, "outer") }()
				defer func() {
					asyncio.Sleep(context.WithoutCancel(ctx), time.Second)
					order = append(order, "inner")
				}()
				runtime.Goexit()
				return nil
			})
		})
		if want := []string{"inner", "outer"}; !slices.Equal(order, want) {
			t.Errorf("deferred calls %q, want %q", order, want)
		}
	})
}

func TestS12_SeveralTasksCallGoexit(t *testing.T) {
	noGoroutinesLeft(t)
	how, _ := endOf(func() {
		asyncio.Run(context.Background(), func(ctx context.Context) error {
			for range 10 {
				asyncio.Go(ctx, func(context.Context) error { runtime.Goexit(); return nil })
				asyncio.Go(ctx, func(ctx context.Context) error { forever(ctx); runtime.Goexit(); return nil })
			}
			return forever(ctx)
		})
	})
	if how != itExited {
		t.Errorf("Run's caller %s, want that it exited", how)
	}
}

func TestS12_APanicWinsOverGoexit(t *testing.T) {
	captureStderr(t)
	noGoroutinesLeft(t)
	e := runPanics(t, func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { forever(ctx); panic("later") })
		turns(ctx, t, 1)
		runtime.Goexit()
		return nil
	})
	if e.Value != "later" {
		t.Errorf("Run panicked with %v", e.Value)
	}
}

// A goroutine of the user's that exits is no task's Goexit.
func TestS12_GoexitElsewhereIsNothing(t *testing.T) {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.Goexit()
		}()
		<-done
		return asyncio.Sleep(ctx, 0)
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}
