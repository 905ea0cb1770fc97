package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Errors of the user's are asked, on the loop, whether they are a cancellation. They may be of any kind.

// A valued error can be compared by its type, and panics when it is by its value.
type valued struct{ value any }

func (e valued) Error() string { return fmt.Sprint("bad value ", e.value) }

// A several is a joined error, perhaps of none.
type several struct {
	text  string
	parts []error
}

func (e *several) Error() string   { return e.text }
func (e *several) Unwrap() []error { return e.parts }

type panicsInIs struct{}

func (panicsInIs) Error() string { return "it panics when asked" }
func (panicsInIs) Is(error) bool { panic("asked") }

type panicsInUnwrap struct{}

func (panicsInUnwrap) Error() string { return "it panics when unwrapped" }
func (panicsInUnwrap) Unwrap() error { panic("unwrapped") }

func TestS07_OddErrorsAreKept(t *testing.T) {
	for name, odd := range map[string]error{
		"not comparable":          valued{[]string{"x"}},
		"wraps one of these":      fmt.Errorf("row 1: %w", valued{[]string{"x"}}),
		"joins none":              &several{text: "disk full"},
		"joins nils":              &several{text: "disk full", parts: []error{nil, nil}},
		"wraps nils":              fmt.Errorf("disk full: %w, %w", error(nil), error(nil)),
		"joins one that has none": errors.Join(context.Canceled, &several{text: "disk full"}),
		"panics in Is":            panicsInIs{},
		"panics in Unwrap":        panicsInUnwrap{},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				fails := func(ctx context.Context) error {
					asyncio.Sleep(ctx, time.Second)
					return odd
				}
				err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					asyncio.Go(ctx, func(ctx context.Context) error {
						asyncio.Sleep(ctx, time.Second)
						return valued{[]string{"first"}}
					})
					asyncio.Go(ctx, fails)
					return nil
				})
				joined, ok := err.(interface{ Unwrap() []error })
				if !ok || len(joined.Unwrap()) != 2 {
					t.Errorf("the group returned %v; want the errors of both children", err)
				}

				task := asyncio.Go(ctx, fails)
				turns(ctx, t, 1)
				task.Cancel(valued{[]string{"x"}})
				if _, err := task.Await(ctx); err == nil || err.Error() != odd.Error() {
					t.Errorf("the cancelled task returned %v, want its own error %v", err, odd)
				}
			})
		})
	}
}

// What a cancelled future says is a failure of who awaited it and was not cancelled itself.
func TestS14_TheCancellationOfAnotherIsAFailure(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		why := errors.New("why")
		f := asyncio.NewFuture[int](ctx)
		f.Cancel(why)
		long := func(ctx context.Context) (int, error) { return 0, asyncio.Sleep(ctx, time.Hour) }

		begin := time.Now()
		failed, waits := asyncio.CreateTask(ctx, f.Await), asyncio.CreateTask(ctx, long)
		done, _, err := asyncio.Wait(ctx, asyncio.FirstError, failed, waits)
		if took := time.Since(begin); err != nil || len(done) != 1 || took != 0 {
			t.Errorf("Wait for the first error: %d done, %v, after %v; want the failed one at once", len(done), err, took)
		}
		wantErr(t, "the failed one", failed.Err(), why)
		waits.Cancel(nil)

		limited, cancel := asyncio.WithTimeout(ctx, time.Second)
		defer cancel()
		cancelsItself := func(ctx context.Context) (int, error) {
			asyncio.CurrentTask(ctx).Cancel(why)
			return 0, ctx.Err()
		}
		results := asyncio.GatherResults(limited, f.Await, cancelsItself, asyncio.Coroutine[int](long))
		for i := range 2 {
			wantErr(t, "GatherResults, what had ended by itself", results[i].Err, why)
		}
		wantErr(t, "GatherResults, what was cut short", results[2].Err, context.DeadlineExceeded)

		cut, cancel := asyncio.WithTimeout(ctx, time.Second)
		defer cancel()
		for i, r := range asyncio.AsCompleted(cut, f.Await, cancelsItself, asyncio.Coroutine[int](long)) {
			want := why
			if i == 2 {
				want = context.DeadlineExceeded
			}
			wantErr(t, fmt.Sprint("AsCompleted, ", i), r.Err, want)
		}
	})
}

// The first error of a Gather is what it returns, also if it says that a task handed in was cancelled, and the
// caller is cancelled while the others clean up.
func TestS11_TheFirstErrorStaysTheFirst(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		why := errors.New("why")
		handed := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, asyncio.Sleep(ctx, time.Hour) })
		asyncio.LoopOf(ctx).CallLater(time.Second, func() { handed.Cancel(why) })
		limited, cancel := asyncio.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		cleansUp := asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
			err := asyncio.Sleep(ctx, time.Hour)
			asyncio.Sleep(context.WithoutCancel(ctx), 3*time.Second)
			return 0, err
		})
		_, err := asyncio.Gather(limited, []asyncio.Awaitable[int]{handed, cleansUp}...)
		wantErr(t, "Gather", err, why)
		wantErr(t, "Gather", err, asyncio.ErrTaskCancelled)
	})
}

// A call in a thread that may be abandoned: what its function returns later is reported, unless it says no more than
// that it was cancelled, as it was.
func TestS09_WhatAnAbandonedCallReturns(t *testing.T) {
	why, broken := errors.New("why"), errors.New("disk full")
	for name, c := range map[string]struct {
		returned func(ctx context.Context) error
		reported bool
	}{
		"the ctx's error":        {func(ctx context.Context) error { return ctx.Err() }, false},
		"the cause":              {func(ctx context.Context) error { return fmt.Errorf("copy: %w", context.Cause(ctx)) }, false},
		"one joined to these":    {func(ctx context.Context) error { return errors.Join(ctx.Err(), broken) }, true},
		"another deadline's":     {func(ctx context.Context) error { return context.DeadlineExceeded }, true},
		"one that panics in Is":  {func(ctx context.Context) error { return panicsInIs{} }, true},
		"one that joins nothing": {func(ctx context.Context) error { return &several{text: "disk full"} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reported []error
				asyncio.Run(t.Context(), func(ctx context.Context) error {
					task := asyncio.Go(ctx, func(ctx context.Context) error {
						_, err := asyncio.ToThread(ctx, func(ctx context.Context) (int, error) {
							<-ctx.Done()
							time.Sleep(time.Second)
							return 0, c.returned(ctx)
						}, asyncio.Abandon())
						return err
					})
					asyncio.Sleep(ctx, time.Second)
					task.Cancel(why)
					return asyncio.Sleep(ctx, time.Minute)
				}, asyncio.WithErrorHandler(func(u asyncio.Unhandled) { reported = append(reported, u.Err) }))
				if got := len(reported) > 0; got != c.reported {
					t.Errorf("reported: %q; want a report: %v", reported, c.reported)
				}
			})
		})
	}
}
