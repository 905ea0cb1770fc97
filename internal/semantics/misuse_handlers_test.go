package semantics_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// Error handlers and callbacks that misbehave.

// withLost runs a loop on which n tasks fail and nobody receives their errors.
func withLost(t *testing.T, n int, opts ...asyncio.Option) error {
	t.Helper()
	return asyncio.Run(t.Context(), func(ctx context.Context) error {
		for range n {
			asyncio.Go(ctx, func(context.Context) error { return errBroken })
		}
		turns(ctx, t, 2)
		return nil
	}, opts...)
}

func TestMisuse_AnErrorHandlerThatPanics(t *testing.T) {
	var log logbook
	calls := 0
	err := withLost(t, 3, asyncio.WithLogger(slog.New(&log)), asyncio.WithErrorHandler(func(asyncio.Unhandled) {
		calls++
		panic("the handler's own")
	}))
	wantErr(t, "Run", err, errBroken)
	if calls != 3 || len(log.containing("the handler's own")) != 3 {
		t.Errorf("%d calls, logged %q; want 3 of each", calls, log.lines)
	}
	if got := log.containing(errBroken.Error()); len(got) != 3 {
		t.Errorf("the errors themselves were lost: %q", log.lines)
	}
}

func TestMisuse_AnErrorHandlerThatCallsGoexit(t *testing.T) {
	noGoroutinesLeft(t)
	calls := 0
	how, v := endOf(func() {
		withLost(t, 3, asyncio.WithErrorHandler(func(asyncio.Unhandled) {
			calls++
			runtime.Goexit()
		}))
	})
	if how != itExited || calls != 3 {
		t.Errorf("Run's caller %s (%v) after %d calls of the handler, want that it exited after 3", how, v, calls)
	}
}

// A handler may well want to send the news, and cannot be allowed to produce news for ever.
func TestMisuse_AnErrorHandlerThatCreatesTasks(t *testing.T) {
	for name, create := range map[string]func(ctx context.Context) *asyncio.Task[struct{}]{
		"Go": func(ctx context.Context) *asyncio.Task[struct{}] { return asyncio.Go(ctx, forever) },
		"Submit": func(ctx context.Context) *asyncio.Task[struct{}] {
			return asyncio.Submit(asyncio.LoopOf(ctx), asyncio.Proc(forever).Await)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log logbook
			var root context.Context
			calls := 0
			err := asyncio.Run(t.Context(), func(ctx context.Context) error {
				root = ctx
				asyncio.Go(ctx, func(context.Context) error { return errBroken })
				turns(ctx, t, 2)
				return nil
			}, asyncio.WithLogger(slog.New(&log)), asyncio.WithErrorHandler(func(asyncio.Unhandled) {
				if calls++; calls > 100 {
					return // it would go on for ever
				}
				create(root)
			}))
			wantErr(t, "Run", err, errBroken)
			if calls > 2 {
				t.Errorf("the handler was called %d times for one error", calls)
			}
		})
	}
}

func TestMisuse_AnErrorHandlerThatUsesTheLoop(t *testing.T) {
	var inHandler []error
	var root context.Context
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		root = ctx
		asyncio.Go(ctx, func(context.Context) error { return errBroken })
		turns(ctx, t, 2)
		return nil
	}, asyncio.WithErrorHandler(func(u asyncio.Unhandled) {
		inHandler = append(inHandler, asyncio.Sleep(root, 1), asyncio.Run(context.Background(), forever),
			asyncio.Sleep(context.Background(), 1))
		u.Task.Cancel(nil)
		wantErr(t, "Unhandled.Task.Err", u.Task.Err(), errBroken)
		asyncio.LoopOf(root).Tasks()
	}))
	wantErr(t, "Run", err, errBroken)
	for i, err := range inHandler {
		if err == nil {
			t.Errorf("call %d in the handler suspended", i)
		}
	}
}

func TestMisuse_NoErrorHandlerIsTheLog(t *testing.T) {
	var log logbook
	err := withLost(t, 1, asyncio.WithErrorHandler(nil), asyncio.WithLogger(slog.New(&log)))
	wantErr(t, "Run", err, errBroken)
	if len(log.containing(errBroken.Error())) != 1 {
		t.Errorf("logged %q, want the error once", log.lines)
	}
}

// A callback that panics under WithPanicsAsErrors keeps nothing else from running.
func TestMisuse_PanicsInCallbacksStopNothingElse(t *testing.T) {
	var reported []error
	ran := 0
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		task := asyncio.Go(ctx, func(context.Context) error { return nil })
		f := asyncio.NewFuture[int](ctx)
		for _, call := range []func(fn func()){
			func(fn func()) { asyncio.LoopOf(ctx).CallSoon(fn) }, task.OnDone, f.OnDone,
			func(fn func()) { asyncio.LoopOf(ctx).CallSoonThreadsafe(fn) },
		} {
			call(func() { panic(errBroken) })
			call(func() { ran++ })
		}
		f.SetResult(1)
		turns(ctx, t, 4)
		return nil
	}, asyncio.WithPanicsAsErrors(), asyncio.WithErrorHandler(func(u asyncio.Unhandled) { reported = append(reported, u.Err) }))
	wantErr(t, "Run", err, errBroken)
	if ran != 4 || len(reported) != 4 {
		t.Errorf("%d callbacks ran beside the panics and %d were reported, want 4 of each", ran, len(reported))
	}
}

// Callbacks that are still queued when main returns run all the same, also when one of them misbehaves.
func TestMisuse_CallbacksAtTheEndOfTheLoop(t *testing.T) {
	captureStderr(t)
	for want, misbehave := range map[string]func(){
		itReturned: func() {},
		itPanicked: func() { panic(errBroken) },
		itExited:   runtime.Goexit,
	} {
		ran := 0
		how, v := endOf(func() {
			asyncio.Run(t.Context(), func(ctx context.Context) error {
				for _, fn := range []func(){func() { ran++ }, misbehave, func() { ran++ }} {
					asyncio.LoopOf(ctx).CallSoon(fn)
				}
				return nil
			})
		})
		if how != want || ran != 2 {
			t.Errorf("Run %s (%v) after %d of the other callbacks, want that it %s after 2", how, v, ran, want)
		}
	}
}

// A callback that queues itself for ever does not keep the loop from ending, and what was accepted ran.
func TestMisuse_ACallbackThatQueuesItself(t *testing.T) {
	accepted, ran := 1, 0
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		l := asyncio.LoopOf(ctx)
		var again func()
		again = func() {
			if ran++; l.CallSoonThreadsafe(again) == nil {
				accepted++
			}
		}
		l.CallSoonThreadsafe(again)
		return asyncio.Sleep(ctx, 0)
	})
	if err != nil || accepted != ran {
		t.Errorf("Run: %v; %d calls were accepted, %d ran", err, accepted, ran)
	}
}

// What a coroutine returns and panics with may be any value.
func TestMisuse_StrangeErrors(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		for name, strange := range map[string]error{
			"an incomparable error":           incomparable{[]string{"x"}},
			"an error that matches all":       matchesAll{},
			"an error that wraps itself not":  errors.Join(errBroken, incomparable{nil}),
			"a cause that is not comparable":  incomparable{[]string{"y"}},
			"an error with an empty text":     errors.New(""),
			"what another library calls this": context.Cause(without(context.WithTimeoutCause(ctx, -1, incomparable{nil}))),
		} {
			task := asyncio.Go(ctx, func(context.Context) error { return strange })
			if second(task.Await(ctx)) == nil {
				t.Errorf("%s: lost", name)
			}
			parked := asyncio.Go(ctx, func(ctx context.Context) error { forever(ctx); return ctx.Err() })
			turns(ctx, t, 1)
			parked.Cancel(strange)
			_, err := parked.Await(ctx)
			wantErr(t, name, err, asyncio.ErrTaskCancelled)
			err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(ctx, forever)
				asyncio.Go(ctx, func(context.Context) error { return strange })
				return nil
			})
			if err == nil {
				t.Errorf("%s: lost by the group", name)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

type incomparable struct{ what []string }

func (incomparable) Error() string { return "an error that == cannot compare" }

type matchesAll struct{}

func (matchesAll) Error() string   { return "whatever you say" }
func (matchesAll) Is(error) bool   { return true }
func (e matchesAll) Unwrap() error { return nil }
