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

// S14: what the cancellation of a task reaches, and when a task counts as cancelled.

func TestS14_CancellingTheAwaiterDoesNotCancelTheAwaited(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		worker := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 42, asyncio.Sleep(ctx, time.Second) })
		for name, wait := range map[string]func(ctx context.Context) error{
			"Await":         func(ctx context.Context) error { return second(worker.Await(ctx)) },
			"Gather":        func(ctx context.Context) error { return second(asyncio.Gather(ctx, worker)) },
			"GatherResults": func(ctx context.Context) error { return asyncio.GatherResults(ctx, worker)[0].Err },
			"Wait": func(ctx context.Context) error {
				_, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, worker)
				return err
			},
			"WaitFor": func(ctx context.Context) error { return second(asyncio.WaitFor(ctx, time.Hour, worker)) },
		} {
			awaiter := asyncio.Go(ctx, wait)
			turns(ctx, t, 2)
			awaiter.Cancel(nil)
			_, err := awaiter.Await(ctx)
			wantErr(t, name, err, asyncio.ErrTaskCancelled)
		}
		if v := await(ctx, t, worker); v != 42 {
			t.Errorf("the awaited task returned %d, want 42", v)
		}
	})
}

func TestS14_CancellingATaskCancelsThoseCreatedFromItsContext(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var family []*asyncio.Task[struct{}]
		var beget func(ctx context.Context, generations int) error
		beget = func(ctx context.Context, generations int) error {
			if generations > 0 {
				for _, c := range []context.Context{ctx, context.WithValue(ctx, testKey{}, 1), without(asyncio.WithTimeout(ctx, time.Hour)), without(context.WithCancel(ctx))} {
					family = append(family, asyncio.Go(c, func(ctx context.Context) error { return beget(ctx, generations-1) }))
				}
			}
			return forever(ctx)
		}
		shielded := asyncio.NewFuture[*asyncio.Task[struct{}]](ctx)
		head := asyncio.Go(ctx, func(ctx context.Context) error {
			shielded.SetResult(asyncio.Go(context.WithoutCancel(ctx), forever))
			return beget(ctx, 2)
		})
		stranger := asyncio.Go(ctx, forever)
		turns(ctx, t, 3)
		head.Cancel(errWhy)
		head.Await(ctx)
		if len(family) != 4+4*4 {
			t.Fatalf("%d descendants", len(family))
		}
		for i, member := range family {
			_, err := member.Await(ctx)
			wantErr(t, fmt.Sprint("descendant ", i), err, asyncio.ErrTaskCancelled, errWhy)
		}
		turns(ctx, t, 3)
		for name, other := range map[string]*asyncio.Task[struct{}]{"a stranger": stranger, "one made without cancel": await(ctx, t, shielded)} {
			if err := other.Err(); err != asyncio.ErrNotDone {
				t.Errorf("%s: %v, want that it goes on", name, err)
			}
			other.Cancel(nil)
			other.Await(ctx)
		}
	})
}

// A task's ctx is not cancelled by its end: only a cancel that was delivered before reaches its children.
func TestS14_TheEndOfATaskCancelsNothing(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var child *asyncio.Task[struct{}]
		parent := asyncio.Go(ctx, func(ctx context.Context) error {
			child = asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) })
			return nil
		})
		await(ctx, t, parent)
		if parent.Cancel(nil) {
			t.Error("Cancel of an ended task: true")
		}
		await(ctx, t, child)
	})
}

// A task counts as cancelled iff a cancel was delivered and its error matches context.Canceled or the cause.
func TestS14_WhenATaskCountsAsCancelled(t *testing.T) {
	for _, c := range []struct {
		name      string
		delivered bool
		returns   error
		cancelled bool
	}{
		{"cancel delivered, returns ctx's error", true, context.Canceled, true},
		{"cancel delivered, returns ctx's error wrapped", true, fmt.Errorf("reading: %w", context.Canceled), true},
		{"cancel delivered, returns the cause", true, errWhy, true},
		{"cancel delivered, returns ctx's error and the cause, joined", true, errors.Join(context.Canceled, errWhy), true},
		{"cancel delivered, returns the cause joined with a failure, which must not be lost", true, errors.Join(errBroken, errWhy), false},
		{"cancel delivered, returns what says that another task was cancelled", true, asyncio.ErrTaskCancelled, true},
		{"cancel delivered, returns another error", true, errBroken, false},
		{"cancel delivered, returns a time-out's error", true, context.DeadlineExceeded, false},
		{"cancel delivered, returns a value", true, nil, false},
		{"no cancel, returns context.Canceled", false, context.Canceled, false},
		{"no cancel, returns another's cause", false, errWhy, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
					asyncio.Sleep(ctx, time.Second)
					return 7, c.returns
				})
				turns(ctx, t, 1)
				if c.delivered && !task.Cancel(errWhy) {
					t.Error("Cancel: false although the task had not ended")
				}
				v, err := task.Await(ctx)
				if errors.Is(err, asyncio.ErrTaskCancelled) != c.cancelled {
					t.Errorf("Await: %v; counts as cancelled: want %v", err, c.cancelled)
				}
				switch {
				case c.cancelled:
					wantErr(t, "Await", err, context.Canceled, errWhy)
				case err != c.returns || v != 7:
					t.Errorf("Await: %v, %v; want 7, %v", v, err, c.returns)
				}
				if task.Cancel(nil) {
					t.Error("Cancel after the end: true")
				}
			})
		})
	}
}

// A cancelled task is nobody's failure; one that only claims to be cancelled is.
func TestS14_OnlyACancelledTaskGoesUnreported(t *testing.T) {
	for name, deliver := range map[string]bool{"delivered": true, "not delivered": false} {
		var reported []error
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			task := asyncio.Go(ctx, func(ctx context.Context) error { asyncio.Sleep(ctx, 0); return context.Canceled })
			turns(ctx, t, 1)
			if deliver {
				task.Cancel(nil)
			}
			turns(ctx, t, 3)
			return nil
		}, asyncio.WithErrorHandler(func(u asyncio.Unhandled) { reported = append(reported, u.Err) }))
		if (len(reported) == 0) != deliver || (err == nil) != deliver {
			t.Errorf("cancel %s: reported %v, Run returned %v", name, reported, err)
		}
	}
}

func TestS14_CancelledBeforeItsFirstStepCountsAsCancelled(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Go(ctx, func(context.Context) error { t.Error("the body ran"); return nil })
		task.Cancel(errWhy)
		_, err := task.Await(ctx)
		wantErr(t, "Await", err, asyncio.ErrTaskCancelled, errWhy)
	})
}

func TestS14_TheFirstCauseStays(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			forever(ctx)
			return context.Cause(ctx)
		})
		turns(ctx, t, 1)
		if !task.Cancel(errWhy) || !task.Cancel(errBroken) {
			t.Error("Cancel: false although the task had not ended")
		}
		_, err := task.Await(ctx)
		wantErr(t, "Await", err, errWhy)
		wantNotErr(t, "Await", err, errBroken)
	})
}

// A cancel that comes from another goroutine while the descendants of the task run their step holds at once.
func TestS14_ACancelFromElsewhereHoldsForTheStepThatRuns(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var parent, child *asyncio.Task[struct{}]
		parent = asyncio.Go(ctx, func(ctx context.Context) error {
			child = asyncio.Go(ctx, func(ctx context.Context) error {
				done := make(chan struct{})
				go func() { parent.Cancel(errWhy); close(done) }()
				<-done
				if err := ctx.Err(); err != context.Canceled {
					t.Errorf("Err = %v", err)
				}
				if cause := context.Cause(ctx); cause != errWhy {
					t.Errorf("cause %v, want %v", cause, errWhy)
				}
				select {
				case <-ctx.Done():
				default:
					t.Error("Done is open although Err is set")
				}
				return asyncio.Sleep(ctx, time.Second)
			})
			return forever(ctx)
		})
		_, err := parent.Await(ctx)
		wantErr(t, "parent", err, asyncio.ErrTaskCancelled)
		_, err = child.Await(ctx)
		wantErr(t, "child", err, asyncio.ErrTaskCancelled, errWhy)
	})
}

// The same where the step asks nothing before: the first thing that it does is an await, or to return.
func TestS14_ACancelFromElsewhereCountsForTheStepThatRuns(t *testing.T) {
	for name, end := range map[string]func(ctx context.Context) error{
		"an await":          func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) },
		"a turn":            func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) },
		"its own error":     func(context.Context) error { return context.Canceled },
		"the cause":         func(context.Context) error { return errWhy },
		"an await in group": func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, forever) },
	} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			var parent, child *asyncio.Task[struct{}]
			parent = asyncio.Go(ctx, func(ctx context.Context) error {
				child = asyncio.Go(ctx, func(ctx context.Context) error {
					done := make(chan struct{})
					go func() { parent.Cancel(errWhy); close(done) }()
					<-done
					return end(ctx)
				})
				return forever(ctx)
			})
			parent.Await(ctx)
			start := time.Now()
			_, err := child.Await(ctx)
			wantErr(t, name, err, asyncio.ErrTaskCancelled, errWhy)
			if took := time.Since(start); took != 0 {
				t.Errorf("%s: it took %v", name, took)
			}
		})
	}
}

// A computation that looks at ctx.Err() while it blocks the loop sees the end of what is above Run, and counts
// as cancelled.
func TestS14_AComputationSeesTheContextAboveRun(t *testing.T) {
	outer, cancel := context.WithCancelCause(t.Context())
	err := asyncio.Run(outer, func(ctx context.Context) error {
		var task *asyncio.Task[struct{}]
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			task = asyncio.Go(ctx, func(ctx context.Context) error {
				cancel(errWhy)
				for ctx.Err() == nil {
				}
				return ctx.Err()
			})
			return nil
		})
		wantErr(t, "the task", task.Err(), asyncio.ErrTaskCancelled, errWhy)
		return err
	}, asyncio.WithErrorHandler(func(u asyncio.Unhandled) { t.Errorf("reported: %v", u.Err) }))
	if err != context.Canceled {
		t.Errorf("Run: %v, want context.Canceled", err)
	}
}
