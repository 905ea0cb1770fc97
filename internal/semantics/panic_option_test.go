package semantics_test

import (
	"context"
	"errors"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// S12, second part: panics in callbacks, and WithPanicsAsErrors.

// inCallbacks are the ways to get a function called by the loop.
var inCallbacks = map[string]func(ctx context.Context, fn func()){
	"CallSoon":           func(ctx context.Context, fn func()) { asyncio.LoopOf(ctx).CallSoon(fn) },
	"CallLater":          func(ctx context.Context, fn func()) { asyncio.LoopOf(ctx).CallLater(0, fn) },
	"CallAt":             func(ctx context.Context, fn func()) { asyncio.LoopOf(ctx).CallAt(asyncio.LoopOf(ctx).Now(), fn) },
	"CallSoonThreadsafe": func(ctx context.Context, fn func()) { asyncio.LoopOf(ctx).CallSoonThreadsafe(fn) },
	"Task.OnDone": func(ctx context.Context, fn func()) {
		asyncio.Go(ctx, func(context.Context) error { return nil }).OnDone(fn)
	},
	"Future.OnDone": func(ctx context.Context, fn func()) {
		f := asyncio.NewFuture[int](ctx)
		f.OnDone(fn)
		f.SetResult(1)
	},
}

func TestS12_PanicInACallback(t *testing.T) {
	for name, call := range inCallbacks {
		t.Run(name, func(t *testing.T) {
			printed := captureStderr(t)
			var main error
			e := runPanics(t, func(ctx context.Context) error {
				call(ctx, func() { explode("in a callback") })
				main = forever(ctx)
				return main
			})
			if e.Value != "in a callback" || printed() == "" {
				t.Errorf("Run panicked with %v and printed %q, want the callback's value and a stack", e.Value, printed())
			}
			wantErr(t, "main", main, context.Canceled)
		})
	}
}

func TestS12_PanicsAsErrors(t *testing.T) {
	boom := func(context.Context) error { explode(errBroken); return nil }
	one := asyncio.Coroutine[int](func(ctx context.Context) (int, error) { return 1, boom(ctx) })
	for name, call := range map[string]func(ctx context.Context) error{
		"a task": func(ctx context.Context) error {
			_, err := asyncio.CreateTask(ctx, one).Await(ctx)
			return err
		},
		"a group's child": func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { asyncio.Go(ctx, boom); return nil })
		},
		"a gathered coroutine": func(ctx context.Context) error {
			_, err := asyncio.Gather(ctx, one, one)
			return err
		},
		"GatherResults": func(ctx context.Context) error { return asyncio.GatherResults(ctx, one)[0].Err },
		"ToThread in a task": func(ctx context.Context) error {
			_, err := asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := asyncio.ToThread(ctx, one)
				t.Errorf("ToThread returned %v instead of panicking", err)
				return nil
			}).Await(ctx)
			return err
		},
		"a group's body in a task": func(ctx context.Context) error {
			_, err := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, boom) }).Await(ctx)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			printed := captureStderr(t)
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				err := call(ctx)
				var e *asyncio.PanicError
				if !errors.As(err, &e) || e.Value != errBroken || len(e.Stack) == 0 {
					t.Errorf("error %v, want a *PanicError with the value and the stack", err)
				}
				wantErr(t, name, err, errBroken)
				return asyncio.Sleep(ctx, 0) // the loop goes on
			}, asyncio.WithPanicsAsErrors())
			if err != nil {
				t.Errorf("Run: %v, want nil: the error was received", err)
			}
			if text := printed(); text != "" {
				t.Errorf("printed although it is an error:\n%s", text)
			}
		})
	}
}

func TestS12_PanicsAsErrorsOfMainIsRunsError(t *testing.T) {
	err := asyncio.Run(context.Background(), func(context.Context) error { explode("main"); return nil }, asyncio.WithPanicsAsErrors())
	if e, ok := err.(*asyncio.PanicError); !ok || e.Value != "main" {
		t.Errorf("Run: %v, want main's *PanicError", err)
	}
}

// Nobody can receive the error of a callback, and nobody receives that of a forgotten task: both are reported (S9).
func TestS12_PanicsAsErrorsThatNobodyReceivesAreReported(t *testing.T) {
	inCallbacks := map[string]func(ctx context.Context, fn func()){"a forgotten task": func(ctx context.Context, fn func()) {
		asyncio.Go(ctx, func(context.Context) error { fn(); return nil })
	}}
	for name, call := range allCallbacks(inCallbacks) {
		t.Run(name, func(t *testing.T) {
			var reported []error
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				call(ctx, func() { explode(errBroken) })
				turns(ctx, t, 3)
				return nil
			}, asyncio.WithPanicsAsErrors(), asyncio.WithErrorHandler(func(u asyncio.Unhandled) { reported = append(reported, u.Err) }))
			wantErr(t, "Run", err, errBroken)
			var e *asyncio.PanicError
			if len(reported) != 1 || !errors.As(reported[0], &e) {
				t.Errorf("reported %v, want the *PanicError once", reported)
			}
		})
	}
}

// allCallbacks is more together with inCallbacks.
func allCallbacks(more map[string]func(ctx context.Context, fn func())) map[string]func(ctx context.Context, fn func()) {
	for name, call := range inCallbacks {
		more[name] = call
	}
	return more
}
