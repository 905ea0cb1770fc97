package semantics_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// S8: what main leaves is cancelled and awaited, clean-up included.
func TestS08_WhatIsLeftIsCancelledAndAwaited(t *testing.T) {
	var ends trace
	leave := func(ctx context.Context, name string, cleanUp time.Duration) {
		asyncio.Go(ctx, func(ctx context.Context) error {
			err := forever(ctx)
			asyncio.Sleep(context.WithoutCancel(ctx), cleanUp)
			ends.add(name)
			return err
		})
	}
	err := runVirtual(t, func(ctx context.Context) error {
		leave(ctx, "slow", 5*time.Second)
		leave(ctx, "quick", time.Second)
		asyncio.Go(ctx, func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				leave(ctx, "in-group", 2*time.Second)
				leave(context.WithoutCancel(ctx), "shielded", 3*time.Second)
				return nil
			})
		})
		return asyncio.Sleep(ctx, time.Second)
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	ends.expect(t, "quick in-group shielded slow")
}

// S8: main's own error comes back as it is, and is seen by what is left only
// as a cancellation.
func TestS08_MainsErrorComesBackAsItIs(t *testing.T) {
	var left error
	err := runVirtual(t, func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { left = forever(ctx); return left })
		asyncio.Sleep(ctx, 0)
		return errBoom
	})
	if err != errBoom || left != context.Canceled {
		t.Errorf("Run returned %v, want boom alone; what was left saw %v", err, left)
	}
}

// S8: what clean-up creates is cancelled again, generation after generation.
func TestS08_WhatCleanUpCreatesIsCancelledAgain(t *testing.T) {
	generations := 0
	var next func(ctx context.Context) error
	next = func(ctx context.Context) error {
		forever(ctx)
		if generations++; generations < 20 {
			asyncio.Go(context.WithoutCancel(ctx), next)
		}
		return nil
	}
	var start time.Time
	var took time.Duration
	err := runVirtual(t, func(ctx context.Context) error {
		start = time.Now()
		asyncio.Go(ctx, func(ctx context.Context) error {
			next(ctx)
			took = time.Since(start)
			return nil
		})
		return asyncio.Sleep(ctx, time.Second)
	})
	if err != nil || generations != 20 || took != time.Second {
		t.Errorf("%d generations of 20 were cancelled, the first after %v; error %v", generations, took, err)
	}
}

// S8: the same while something keeps the loop busy, waiting for just that.
func TestS08_WhatCleanUpCreatesIsCancelledWhileTheLoopIsBusy(t *testing.T) {
	busy := map[string]func(ctx context.Context, over func() bool){
		"a task": func(ctx context.Context, over func() bool) {
			for n := 0; n < 100_000 && !over(); n++ {
				asyncio.Sleep(ctx, 0)
			}
		},
		"callbacks": func(ctx context.Context, over func() bool) {
			l := asyncio.LoopOf(ctx)
			n := 0
			var again func()
			again = func() {
				if n++; n < 100_000 && !over() {
					l.CallSoon(again)
				}
			}
			l.CallSoon(again)
		},
	}
	for name, keepBusy := range busy {
		t.Run(name, func(t *testing.T) {
			var child *asyncio.Task[struct{}]
			steps := 0
			err := runVirtual(t, func(ctx context.Context) error {
				asyncio.Go(ctx, func(ctx context.Context) error {
					forever(ctx)
					shielded := context.WithoutCancel(ctx)
					child = asyncio.Go(shielded, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) })
					keepBusy(shielded, func() bool { steps++; return child.Err() != asyncio.ErrNotDone })
					return nil
				})
				return asyncio.Sleep(ctx, time.Second)
			})
			if err != nil || !errors.Is(child.Err(), context.Canceled) || steps > 1000 {
				t.Errorf("the child ended with %v after %d steps of others; Run: %v", child.Err(), steps, err)
			}
		})
	}
}

// S8: what comes from other goroutines while the loop shuts down ends too.
func TestS08_WhatIsSubmittedDuringShutdownEnds(t *testing.T) {
	var late *asyncio.Task[struct{}]
	err := runVirtual(t, func(ctx context.Context) error {
		l := asyncio.LoopOf(ctx)
		asyncio.Go(ctx, func(ctx context.Context) error {
			forever(ctx)
			shielded := context.WithoutCancel(ctx)
			asyncio.ToThread(shielded, func(context.Context) (int, error) {
				late = asyncio.Submit(l, func(ctx context.Context) (struct{}, error) { return struct{}{}, forever(ctx) })
				return 0, nil
			})
			return asyncio.Sleep(shielded, time.Second)
		})
		return asyncio.Sleep(ctx, time.Second)
	})
	if err != nil || !errors.Is(late.Err(), context.Canceled) {
		t.Errorf("the late task ended with %v; Run: %v", late.Err(), err)
	}
}

// S8: clean-up has ten seconds unless told otherwise, and what is done in time
// is not named.
func TestS08_CleanUpWithinTheTimeOutIsAwaited(t *testing.T) {
	for name, c := range map[string]struct {
		opts    []asyncio.Option
		cleanUp time.Duration
	}{
		"default":  {nil, 10*time.Second - 1},
		"shorter":  {[]asyncio.Option{asyncio.WithShutdownTimeout(time.Second)}, time.Second - 1},
		"longer":   {[]asyncio.Option{asyncio.WithShutdownTimeout(time.Hour)}, time.Hour - 1},
		"for ever": {[]asyncio.Option{asyncio.WithShutdownTimeout(math.MaxInt64)}, 200 * 365 * 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			ended := false
			err := runVirtual(t, func(ctx context.Context) error {
				asyncio.Go(ctx, func(ctx context.Context) error {
					forever(ctx)
					asyncio.Sleep(context.WithoutCancel(ctx), c.cleanUp)
					ended = true
					return nil
				})
				return asyncio.Sleep(ctx, time.Second)
			}, c.opts...)
			if err != nil || !ended {
				t.Errorf("clean-up of %v: ended %v, Run: %v", c.cleanUp, ended, err)
			}
		})
	}
}

// S8: with no time at all, what ends without waiting still does.
func TestS08_WithATimeOutOfZeroTheObedientStillEnd(t *testing.T) {
	for name, leave := range map[string]func(ctx context.Context) error{
		"alone": forever,
		"in a group": func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { asyncio.Go(ctx, forever); return nil })
		},
	} {
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			asyncio.Go(ctx, leave)
			return asyncio.Sleep(ctx, 0)
		}, asyncio.WithShutdownTimeout(0))
		if err != nil {
			t.Errorf("%s: Run returned %v", name, err)
		}
	}
}

func TestS08_ANegativeTimeOutPanics(t *testing.T) {
	if v := panicOf(func() { asyncio.WithShutdownTimeout(-time.Second) }); v == nil {
		t.Error("WithShutdownTimeout(-1s) did not panic")
	}
}

// S8: errors of what was left are told, its cancellations are not.
func TestS08_ErrorsOfCleanUpAreReturned(t *testing.T) {
	cleanUp := errors.New("clean-up failed")
	err := runVirtual(t, func(ctx context.Context) error {
		asyncio.Go(ctx, forever)
		asyncio.Go(ctx, func(ctx context.Context) error {
			forever(ctx)
			return cleanUp
		})
		asyncio.Sleep(ctx, time.Second)
		return errBoom
	}, asyncio.WithLogger(quiet))
	all := leaves(err)
	if len(all) != 2 || all[0] != errBoom || !errors.Is(all[1], cleanUp) {
		t.Errorf("Run returned %q, want main's error and that of the clean-up", all)
	}
}

// S8: Run returns with nothing left running, in either sense.
func TestS08_NothingRunsAfterRun(t *testing.T) {
	var l *asyncio.Loop
	err := runVirtual(t, func(ctx context.Context) error {
		l = asyncio.LoopOf(ctx)
		for range 100 {
			asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := asyncio.Gather(ctx, asyncio.Coroutine[struct{}](asyncio.Proc(forever).Await), asyncio.Proc(forever).Await)
				return err
			})
		}
		return asyncio.Sleep(ctx, time.Second)
	})
	if left := l.Tasks(); err != nil || len(left) != 0 {
		t.Errorf("%d tasks after Run, error %v", len(left), err)
	}
}
