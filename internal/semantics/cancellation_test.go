package semantics_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S13: cancellation is level-triggered.

func TestS13_ACancelledContextMakesEveryAwaitFailAtOnce(t *testing.T) {
	for _, way := range waysToCancel() {
		t.Run(way.name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				c, cancel := way.make(ctx)
				calls, end, used := suspendingCalls(ctx)
				defer end()
				cancel()
				if way.after > 0 {
					asyncio.Sleep(ctx, 2*way.after)
				}
				start := time.Now()
				for range 2 { // at once, for ever
					for _, await := range calls {
						if err := await.call(c); err != way.want {
							t.Errorf("%s: error %v, want %v", await.name, err, way.want)
						}
					}
				}
				if took := time.Since(start); took != 0 || *used != 0 {
					t.Errorf("took %v and entered %d functions, want neither", took, *used)
				}
			})
		})
	}
}

func TestS13_ACancellationWakesEveryParkedAwait(t *testing.T) {
	for _, way := range waysToCancel() {
		t.Run(way.name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				calls, end, _ := suspendingCalls(ctx)
				defer end()
				for _, await := range calls {
					if !await.parks {
						continue
					}
					start := time.Now()
					c, cancel := way.make(ctx)
					var took time.Duration
					task := asyncio.Go(ctx, func(ctx context.Context) error {
						err := await.call(c)
						took = time.Since(start)
						return err
					})
					turns(ctx, t, 2)
					cancel()
					_, err := task.Await(ctx)
					wantErr(t, await.name, err, way.want)
					wantNotErr(t, await.name, err, asyncio.ErrTaskCancelled)
					if took != way.after {
						t.Errorf("%s returned after %v, was cancelled after %v", await.name, took, way.after)
					}
				}
			})
		})
	}
}

// Whoever cancels, the await that begins after it in the same step fails, also below the cancelled context:
// there is no moment at which ctx.Err() is set and an await succeeds.
func TestS13_TheCancellationIsSeenByTheVeryNextAwait(t *testing.T) {
	eachWayAtOnce(t, func(ctx context.Context, t *testing.T, way wayToCancel) {
		c, cancel := way.make(ctx)
		err := asyncio.WithTaskGroup(c, func(ctx context.Context) error {
			cancel()
			if err := ctx.Err(); err != way.want {
				t.Errorf("Err below the cancelled context: %v, want %v", err, way.want)
			}
			if err := asyncio.Sleep(ctx, 0); err != way.want {
				t.Errorf("Sleep below the cancelled context: %v, want %v", err, way.want)
			}
			return ctx.Err()
		})
		wantErr(t, "the group", err, way.want)
	})
}

func TestS13_ATaskWhoseContextIsCancelledBeforeItsFirstStepNeverRuns(t *testing.T) {
	eachWayAtOnce(t, func(ctx context.Context, t *testing.T, way wayToCancel) {
		c, cancel := way.make(ctx)
		task := asyncio.Go(c, func(context.Context) error { t.Error("it ran"); return nil })
		cancel()
		_, err := task.Await(ctx)
		wantErr(t, "the task", err, asyncio.ErrTaskCancelled)
	})
}

// eachWayAtOnce runs the body for each way to cancel without delay, several times: what depends on how the Go
// scheduler happens to run a goroutine shows.
func eachWayAtOnce(t *testing.T, body func(ctx context.Context, t *testing.T, way wayToCancel)) {
	for _, way := range waysToCancel() {
		if way.after > 0 || way.want != context.Canceled {
			continue
		}
		t.Run(way.name, func(t *testing.T) {
			for range 10 {
				asynciotest.Run(t, func(ctx context.Context, t *testing.T) { body(ctx, t, way) })
			}
		})
	}
}

func TestS13_TheContextAboveRunIsSeenByTheVeryNextAwait(t *testing.T) {
	for range 20 {
		outer, cancel := context.WithCancelCause(t.Context())
		asyncio.Run(outer, func(ctx context.Context) error {
			cancel(errWhy)
			for range 2 {
				if err := asyncio.Sleep(ctx, 0); err != context.Canceled {
					t.Errorf("Sleep(ctx, 0) = %v although ctx.Err() = %v", err, ctx.Err())
				}
			}
			if cause := context.Cause(ctx); cause != errWhy {
				t.Errorf("cause %v, want %v", cause, errWhy)
			}
			return nil
		})
	}
	outer, cancel := context.WithCancel(t.Context())
	cancel()
	err := asyncio.Run(outer, func(context.Context) error { t.Error("main ran"); return nil })
	if err != context.Canceled {
		t.Errorf("Run in a cancelled context: %v, want context.Canceled", err)
	}
}

// Clean-up that must await uses context.WithoutCancel: everything can be awaited there.
func TestS13_CleanUpAwaitsWithoutCancel(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		one := asyncio.Coroutine[int](func(ctx context.Context) (int, error) { return 1, asyncio.Sleep(ctx, time.Second) })
		cleaned := false
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			err := forever(ctx)
			c := context.WithoutCancel(ctx)
			if e := asyncio.Sleep(ctx, 0); e != context.Canceled {
				t.Errorf("with the ctx itself: %v, want context.Canceled", e)
			}
			start := time.Now()
			asyncio.Sleep(c, time.Second)
			await(c, t, asyncio.Awaitable[int](asyncio.CreateTask(c, one)))
			if _, err := asyncio.Gather(c, one, one); err != nil {
				t.Errorf("Gather: %v", err)
			}
			if _, err := asyncio.WaitFor(c, time.Minute, one); err != nil {
				t.Errorf("WaitFor: %v", err)
			}
			if err := asyncio.WithTaskGroup(c, func(ctx context.Context) error { asyncio.CreateTask(ctx, one); return nil }); err != nil {
				t.Errorf("WithTaskGroup: %v", err)
			}
			if _, err := asyncio.ToThread(c, func(ctx context.Context) (int, error) { time.Sleep(time.Second); return 1, ctx.Err() }); err != nil {
				t.Errorf("ToThread: %v", err)
			}
			if took := time.Since(start); took != 6*time.Second {
				t.Errorf("the clean-up took %v, want 6s", took)
			}
			cleaned = true
			return err
		})
		turns(ctx, t, 1)
		task.Cancel(nil)
		_, err := task.Await(ctx)
		wantErr(t, "the task", err, asyncio.ErrTaskCancelled)
		if !cleaned {
			t.Error("the clean-up did not end")
		}
	})
}

// The first refused await costs no turn, each further one costs one.
func TestS13_WhoGoesOnAwaitingGivesUpATurnEachTime(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var order []string
		deaf := asyncio.Go(ctx, func(ctx context.Context) error {
			asyncio.CurrentTask(ctx).Cancel(nil)
			for i := range 4 {
				asyncio.Sleep(ctx, time.Hour)
				order = append(order, fmt.Sprint("deaf ", i))
			}
			return ctx.Err()
		})
		other := asyncio.Go(ctx, func(ctx context.Context) error {
			for i := range 4 {
				order = append(order, fmt.Sprint("other ", i))
				asyncio.Sleep(ctx, 0)
			}
			return nil
		})
		other.Await(ctx)
		deaf.Await(ctx)
		want := "[deaf 0 other 0 deaf 1 other 1 deaf 2 other 2 deaf 3 other 3]"
		if got := fmt.Sprint(order); got != want {
			t.Errorf("order %v, want %v", got, want)
		}
	})
}
