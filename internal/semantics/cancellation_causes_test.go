package semantics_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S16: "the task I awaited was cancelled" is another error than "I was cancelled".

func TestS16_TheAwaitedWasCancelledAndNotI(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Go(ctx, forever, asyncio.Name("the other"))
		future := asyncio.NewFuture[struct{}](ctx)
		turns(ctx, t, 1)
		task.Cancel(errWhy)
		future.Cancel(errWhy)
		for name, err := range map[string]error{
			"Task.Await":               second(task.Await(ctx)),
			"Task.Result":              second(task.Result()),
			"Task.Err":                 task.Err(),
			"Future.Await":             second(future.Await(ctx)),
			"Future.Result":            second(future.Result()),
			"Future.Err":               future.Err(),
			"Gather of the task":       second(asyncio.Gather(ctx, task)),
			"Gather of the future":     second(asyncio.Gather(ctx, future)),
			"GatherResults":            asyncio.GatherResults(ctx, task)[0].Err,
			"WaitFor":                  second(asyncio.WaitFor(ctx, time.Hour, task)),
			"a coroutine that awaits":  second(asyncio.Proc(func(ctx context.Context) error { return second(task.Await(ctx)) }).Await(ctx)),
			"off the loop, Task.Await": offLoop(ctx, func(ctx context.Context) error { return second(task.Await(ctx)) }),
		} {
			wantErr(t, name, err, asyncio.ErrTaskCancelled, context.Canceled, errWhy)
			if err == context.Canceled {
				t.Errorf("%s: bare context.Canceled, which says that I was cancelled", name)
			}
		}
		if err := task.Err(); !strings.Contains(err.Error(), "the other") || !strings.Contains(err.Error(), errWhy.Error()) {
			t.Errorf("%q names neither the task nor the cause", err)
		}
		if err := ctx.Err(); err != nil {
			t.Errorf("my ctx: %v", err)
		}
	})
}

func offLoop(ctx context.Context, fn func(ctx context.Context) error) error {
	return second(asyncio.ToThread(ctx, func(ctx context.Context) (int, error) { return 0, fn(ctx) }))
}

func TestS16_IWasCancelledAndNotTheAwaited(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		calls, end, _ := suspendingCalls(ctx)
		defer end()
		for _, call := range calls {
			if !call.parks {
				continue
			}
			var got error
			me := asyncio.Go(ctx, func(ctx context.Context) error { got = call.call(ctx); return nil })
			turns(ctx, t, 2)
			me.Cancel(errWhy)
			me.Await(ctx)
			wantErr(t, call.name, got, context.Canceled)
			wantNotErr(t, call.name, got, asyncio.ErrTaskCancelled)
		}
	})
}

// Both at once: on entry my own cancellation wins.
func TestS16_BothCancelled(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		other := asyncio.Go(ctx, forever)
		var got error
		me := asyncio.Go(ctx, func(ctx context.Context) error { got = second(other.Await(ctx)); return nil })
		turns(ctx, t, 1)
		other.Cancel(nil)
		other.Await(ctx)
		me.Cancel(nil)
		me.Await(ctx)
		wantErr(t, "handed over before I was cancelled", got, asyncio.ErrTaskCancelled)
		c, cancel := asyncio.WithTimeout(ctx, time.Hour)
		cancel()
		if err := second(other.Await(c)); err != context.Canceled {
			t.Errorf("on entry: %v, want context.Canceled", err)
		}
	})
}

// S17: time-outs are context.DeadlineExceeded, and every cancellation has its cause.

func TestS17_TimeOutsReportDeadlineExceeded(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		task := asyncio.Go(ctx, forever)
		future := asyncio.NewFuture[struct{}](ctx)
		for name, call := range map[string]func(ctx context.Context) error{
			"WithTimeout": func(ctx context.Context) error { return forever(without(asyncio.WithTimeout(ctx, time.Second))) },
			"WithDeadline": func(ctx context.Context) error {
				return forever(without(asyncio.WithDeadline(ctx, time.Now().Add(time.Second))))
			},
			"WaitFor a coroutine": func(ctx context.Context) error {
				return second(asyncio.WaitFor(ctx, time.Second, asyncio.Proc(forever)))
			},
			"WaitFor a task":   func(ctx context.Context) error { return second(asyncio.WaitFor(ctx, time.Second, task)) },
			"WaitFor a future": func(ctx context.Context) error { return second(asyncio.WaitFor(ctx, time.Second, future)) },
			"the outer of two": func(ctx context.Context) error {
				return forever(without(asyncio.WithTimeout(without(asyncio.WithTimeout(ctx, time.Second)), time.Minute)))
			},
			"the inner of two": func(ctx context.Context) error {
				return forever(without(asyncio.WithTimeout(without(asyncio.WithTimeout(ctx, time.Minute)), time.Second)))
			},
		} {
			start := time.Now()
			if err := call(ctx); err != context.DeadlineExceeded {
				t.Errorf("%s: %v, want context.DeadlineExceeded", name, err)
			}
			if took := time.Since(start); took != time.Second {
				t.Errorf("%s took %v, want 1s", name, took)
			}
		}
		if err := task.Err(); err != asyncio.ErrNotDone {
			t.Errorf("the task handed to WaitFor: %v, want that it goes on", err)
		}
		task.Cancel(nil)
		task.Await(ctx)
		if err := second(asyncio.WaitFor(ctx, 0, future)); err != context.DeadlineExceeded {
			t.Errorf("WaitFor with no time: %v", err)
		}
	})
}

// causeOf cancels a task in some way, and returns what context.Cause told it, and its Err.
func causeOf(ctx context.Context, t *testing.T, c context.Context, cancel func()) (cause, err error) {
	task := asyncio.Go(c, func(ctx context.Context) error {
		forever(ctx)
		cause, err = context.Cause(ctx), ctx.Err()
		if std := context.Cause(without(context.WithCancel(ctx))); std != cause {
			t.Errorf("cause in a std context below: %v, want %v", std, cause)
		}
		if ours := context.Cause(without(asyncio.WithTimeout(ctx, time.Hour))); ours != cause {
			t.Errorf("cause in a context of ours below: %v, want %v", ours, cause)
		}
		return ctx.Err()
	})
	turns(ctx, t, 1)
	cancel()
	task.Await(context.WithoutCancel(ctx))
	return cause, err
}

func TestS17_CauseTellsWhyOfEveryCancellation(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		check := func(name string, cause, err, wantCause, wantErr error) {
			t.Helper()
			if cause != wantCause || err != wantErr {
				t.Errorf("%s: cause %v, error %v; want %v, %v", name, cause, err, wantCause, wantErr)
			}
		}
		for _, way := range waysToCancel() {
			c, cancel := way.make(ctx)
			if c.Err() != nil {
				continue
			}
			want := way.want
			if way.name == "std WithCancelCause" {
				want = errWhy
			}
			cause, err := causeOf(ctx, t, c, cancel)
			check(way.name, cause, err, want, way.want)
		}
		for name, give := range map[string]error{"a cause": errWhy, "no cause": nil} {
			parent := asyncio.Go(ctx, func(ctx context.Context) error {
				cause, err := causeOf(ctx, t, ctx, func() { asyncio.CurrentTask(ctx).Cancel(give) })
				if give == nil {
					give = context.Canceled
				}
				check("Task.Cancel with "+name, cause, err, give, context.Canceled)
				return nil
			})
			await(ctx, t, parent)
		}
		var cause, err error
		note := func(ctx context.Context) error {
			forever(ctx)
			cause, err = context.Cause(ctx), ctx.Err()
			return err
		}
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, note)
			turns(ctx, t, 1)
			return errBroken
		})
		check("a failed group", cause, err, errBroken, context.Canceled)
		asyncio.Gather(ctx, asyncio.Proc(note), asyncio.Proc(func(ctx context.Context) error { turns(ctx, t, 1); return errBroken }))
		check("a failed Gather", cause, err, errBroken, context.Canceled)
		asyncio.WaitFor(ctx, time.Second, asyncio.Proc(note))
		check("WaitFor", cause, err, context.DeadlineExceeded, context.DeadlineExceeded)
		note(without(context.WithTimeoutCause(ctx, time.Second, errWhy)))
		check("std WithTimeoutCause", cause, err, errWhy, context.DeadlineExceeded)
		asyncio.Go(without(context.WithTimeoutCause(ctx, time.Second, errWhy)), note).Await(ctx)
		check("a task under std WithTimeoutCause", cause, err, errWhy, context.DeadlineExceeded)
	})
}

func TestS17_TheCauseOfWhatIsAboveRunAndOfTheShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		note := func(cause *error) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				err := forever(ctx)
				*cause = context.Cause(ctx)
				return err
			}
		}
		outer, cancel := context.WithCancelCause(t.Context())
		var cause error
		asyncio.Run(outer, func(ctx context.Context) error {
			asyncio.LoopOf(ctx).CallLater(time.Second, func() { cancel(errWhy) })
			return note(&cause)(ctx)
		})
		if cause != errWhy {
			t.Errorf("cancelled above Run: cause %v, want %v", cause, errWhy)
		}
		limited, stop := context.WithTimeoutCause(t.Context(), time.Second, errWhy)
		defer stop()
		if err := asyncio.Run(limited, note(&cause)); err != context.DeadlineExceeded || cause != errWhy {
			t.Errorf("a time-out above Run: %v with the cause %v, want DeadlineExceeded with %v", err, cause, errWhy)
		}
		asyncio.Run(t.Context(), func(ctx context.Context) error {
			asyncio.Go(ctx, note(&cause))
			return asyncio.Sleep(ctx, 0)
		})
		if !errors.Is(cause, context.Canceled) || cause == context.Canceled {
			t.Errorf("the shutdown's cause: %v, want one that matches context.Canceled and says more", cause)
		}
	})
}

// A context under one whose deadline has passed has that deadline, as one of package context has.
func TestS17_ADeadlineThatHasPassedIsInherited(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		passed, cancel := asyncio.WithTimeout(ctx, -time.Second)
		defer cancel()
		below, cancel := asyncio.WithTimeout(passed, time.Hour)
		defer cancel()
		std, cancel := context.WithTimeout(passed, time.Hour)
		defer cancel()
		want, _ := std.Deadline()
		if at, ok := below.Deadline(); !ok || !at.Equal(want) {
			t.Errorf("its deadline is %v, %v; want %v, as in package context", at, ok, want)
		}
	})
}
