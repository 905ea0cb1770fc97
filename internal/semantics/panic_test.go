package semantics_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
)

// S12: a panic in a task is printed at once with its own stack, the rest is cancelled and awaited, and then
// Run panics with a *PanicError.

// explode is on the stack of the panics of these tests.
func explode(v any) { panic(v) }

const explodeFrame = "semantics_test.explode("

// runPanics runs main, which must make Run panic, and returns the *PanicError.
func runPanics(t *testing.T, main func(ctx context.Context) error, opts ...asyncio.Option) *asyncio.PanicError {
	t.Helper()
	how, v := endOf(func() { asyncio.Run(context.Background(), main, opts...) })
	e, ok := v.(*asyncio.PanicError)
	if !ok {
		t.Fatalf("Run %s (%v), want a panic with a *PanicError", how, v)
	}
	return e
}

func TestS12_RunPanicsWithPanicError(t *testing.T) {
	captureStderr(t)
	e := runPanics(t, func(ctx context.Context) error {
		asyncio.Go(ctx, func(context.Context) error { explode("first line\nsecond line"); return nil })
		return forever(ctx)
	})
	if e.Value != "first line\nsecond line" {
		t.Errorf("Value %q, want what was passed to panic", e.Value)
	}
	if !strings.Contains(string(e.Stack), explodeFrame) {
		t.Errorf("Stack does not show where the panic came from:\n%s", e.Stack)
	}
	if msg := e.Error(); strings.Contains(msg, "\n") || !strings.Contains(msg, "first line") {
		t.Errorf("Error() = %q, want one line with the value", msg)
	}
	if e.Unwrap() != nil {
		t.Errorf("Unwrap() = %v, want nil for a value that is no error", e.Unwrap())
	}
}

func TestS12_PanicErrorUnwrapsAnError(t *testing.T) {
	captureStderr(t)
	e := runPanics(t, func(ctx context.Context) error { explode(errBroken); return nil })
	wantErr(t, "panic(error) in main", e, errBroken)
	if e.Unwrap() != errBroken {
		t.Errorf("Unwrap() = %v, want the value", e.Unwrap())
	}
	e = runPanics(t, func(ctx context.Context) error {
		var none []int
		return asyncio.Sleep(ctx, time.Duration(none[len(none)]))
	})
	if re := runtime.Error(nil); !errors.As(e, &re) {
		t.Errorf("a panic of the run time: %v does not unwrap to a runtime.Error", e)
	}
}

// The stack is there before anything else happens: the clean-up of another task can read it.
func TestS12_StackIsPrintedOnceAtOnce(t *testing.T) {
	printed := captureStderr(t)
	var seen string
	runPanics(t, func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			defer func() { seen = printed() }()
			return forever(ctx)
		})
		asyncio.Go(ctx, func(context.Context) error { explode("the value"); return nil }, asyncio.Name("unlucky"))
		return forever(ctx)
	})
	if !strings.Contains(seen, explodeFrame) {
		t.Errorf("when the rest was cleaned up, standard error had no stack:\n%s", seen)
	}
	all := printed()
	for _, once := range []string{"the value", explodeFrame, `"unlucky"`} {
		if n := strings.Count(all, once); n != 1 {
			t.Errorf("%d times %s on standard error, want once:\n%s", n, once, all)
		}
	}
	if all != seen {
		t.Errorf("more was printed later:\n%s", strings.TrimPrefix(all, seen))
	}
}

// A panic that goes through several task groups is printed once, also if another panic is printed in between.
func TestS12_StackIsPrintedOnceBesideOthers(t *testing.T) {
	// group panics in a group, which waits a second for a child before the panic goes on.
	group := func(ctx context.Context, value string) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(context.WithoutCancel(ctx), time.Second) })
			asyncio.Sleep(ctx, 0)
			panic(value)
		})
	}
	later := func(ctx context.Context) error {
		asyncio.Sleep(context.WithoutCancel(ctx), time.Second/2)
		panic("second")
	}
	for name, main := range map[string]func(ctx context.Context) error{
		"another task": func(ctx context.Context) error {
			asyncio.Go(ctx, later)
			return group(ctx, "first")
		},
		"another task, through two groups": func(ctx context.Context) error {
			asyncio.Go(ctx, later)
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { return group(ctx, "first") })
		},
		"a callback": func(ctx context.Context) error {
			asyncio.LoopOf(ctx).CallLater(time.Second/2, func() { panic("second") })
			return group(ctx, "first")
		},
		"recovered, and panicked with again": func(ctx context.Context) error {
			asyncio.Go(ctx, later)
			defer func() { panic(recover()) }()
			return group(ctx, "first")
		},
		"a deferred function of the same task": func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				defer func() {
					defer func() { recover() }()
					group(context.WithoutCancel(ctx), "second")
				}()
				return group(ctx, "first")
			})
		},
		"a thread": func(ctx context.Context) error {
			asyncio.Go(ctx, later)
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(context.WithoutCancel(ctx), time.Second) })
				_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { panic("first") })
				return err
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			printed := captureStderr(t)
			synctest.Test(t, func(t *testing.T) { runPanics(t, main) })
			text := printed()
			for _, value := range []string{"first", "second"} {
				if n := strings.Count(text, "asyncio: panic: "+value); n != 1 {
					t.Errorf("the panic with %q was printed %d times, want once:\n%s", value, n, text)
				}
			}
		})
	}
}

func TestS12_TheRestIsCancelledAndAwaitedFirst(t *testing.T) {
	captureStderr(t)
	synctest.Test(t, func(t *testing.T) {
		var order []string
		runPanics(t, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				err := forever(ctx)
				wantErr(t, "the other task", err, context.Canceled)
				order = append(order, "cancelled")
				asyncio.Sleep(context.WithoutCancel(ctx), time.Second)
				order = append(order, "cleaned up")
				return err
			})
			asyncio.Go(ctx, func(context.Context) error { explode("x"); return nil })
			err := forever(ctx)
			wantErr(t, "main", err, context.Canceled)
			order = append(order, "main ended")
			return err
		})
		slices.Sort(order[:min(2, len(order))]) // which of the two hears of it first is not S12's
		if want := []string{"cancelled", "main ended", "cleaned up"}; !slices.Equal(order, want) {
			t.Errorf("before Run panicked: %q, want %q", order, want)
		}
	})
}

// Whoever awaits the task that panicked is not left without an answer.
func TestS12_TheAwaiterOfThePanickedTaskGetsItsError(t *testing.T) {
	captureStderr(t)
	var got error
	e := runPanics(t, func(ctx context.Context) error {
		task := asyncio.Go(ctx, func(context.Context) error { explode("x"); return nil })
		_, got = task.Await(context.WithoutCancel(ctx))
		return nil
	})
	if got != error(e) {
		t.Errorf("Await: %v, want the *PanicError with which Run panics", got)
	}
}

func TestS12_ASecondPanicIsPrintedTooAndTheFirstWins(t *testing.T) {
	printed := captureStderr(t)
	e := runPanics(t, func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			forever(ctx)
			panic("second value")
		})
		asyncio.Go(ctx, func(context.Context) error { panic("first value") })
		return forever(ctx)
	})
	if e.Value != "first value" {
		t.Errorf("Run panicked with %v, want the first", e.Value)
	}
	if all := printed(); !strings.Contains(all, "second value") {
		t.Errorf("the second panic was not printed:\n%s", all)
	}
}

func TestS12_TasksThatDoNotStopDoNotHoldThePanic(t *testing.T) {
	captureStderr(t)
	e := runPanics(t, func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := asyncio.NewFuture[int](ctx).Await(context.WithoutCancel(ctx))
			return err
		})
		asyncio.Go(ctx, func(context.Context) error { panic("x") })
		return forever(ctx)
	}, asyncio.WithShutdownTimeout(0))
	if e.Value != "x" {
		t.Errorf("Run panicked with %v, want x", e.Value)
	}
}

func TestS12_PanicInsideAGroupBody(t *testing.T) {
	printed := captureStderr(t)
	synctest.Test(t, func(t *testing.T) {
		var seen string
		ended := false
		e := runPanics(t, func(ctx context.Context) error {
			defer func() {
				if !ended {
					t.Error("the panic left the group before the child had ended")
				}
			}()
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(ctx, func(ctx context.Context) error {
					err := forever(ctx)
					wantErr(t, "the child", err, context.Canceled)
					seen = printed()
					asyncio.Sleep(context.WithoutCancel(ctx), time.Second)
					ended = true
					return err
				})
				asyncio.Sleep(ctx, 0)
				explode("in the body")
				return nil
			})
		})
		if e.Value != "in the body" || !ended {
			t.Errorf("Run panicked with %v, child ended: %v; want the body's value after the child's end", e.Value, ended)
		}
		if !strings.Contains(seen, explodeFrame) {
			t.Errorf("the stack was not printed before the children were awaited: %q", seen)
		}
		if n := strings.Count(printed(), explodeFrame); n != 1 {
			t.Errorf("the stack was printed %d times", n)
		}
	})
}

func TestS12_PanicInAGroupChild(t *testing.T) {
	printed := captureStderr(t)
	var sibling error
	e := runPanics(t, func(ctx context.Context) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error { sibling = forever(ctx); return sibling })
			asyncio.Go(ctx, func(context.Context) error { explode("child"); return nil })
			return nil
		})
	})
	if n := strings.Count(printed(), explodeFrame); e.Value != "child" || n != 1 {
		t.Errorf("Run panicked with %v, stack printed %d times; want child, once", e.Value, n)
	}
	wantErr(t, "the sibling", sibling, context.Canceled)
}

func TestS12_PanicInsideToThread(t *testing.T) {
	printed := captureStderr(t)
	e := runPanics(t, func(ctx context.Context) error {
		_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { explode("in a thread"); return 0, nil })
		t.Errorf("ToThread returned (%v) although its function panicked", err)
		return err
	})
	if e.Value != "in a thread" || !strings.Contains(string(e.Stack), explodeFrame) {
		t.Errorf("value %v, stack of the function: %v; want both from the function:\n%s",
			e.Value, strings.Contains(string(e.Stack), explodeFrame), e.Stack)
	}
	if n := strings.Count(printed(), explodeFrame); n != 1 {
		t.Errorf("the stack was printed %d times, want once", n)
	}
}

// A panic that the coroutine recovers is its own affair, wherever it came from.
func TestS12_ARecoveredPanicIsNobodysConcern(t *testing.T) {
	printed := captureStderr(t)
	for _, from := range []struct {
		what string
		call func(ctx context.Context)
	}{
		{"a function", func(context.Context) { explode("x") }},
		{"ToThread", func(ctx context.Context) {
			asyncio.ToThread(ctx, func(context.Context) (int, error) { explode("x"); return 0, nil })
		}},
	} {
		how, v := endOf(func() {
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				if panicOf(func() { from.call(ctx) }) == nil {
					t.Errorf("from %s: nothing to recover", from.what)
				}
				return asyncio.Sleep(ctx, 0)
			})
			if err != nil {
				t.Errorf("from %s: Run: %v", from.what, err)
			}
		})
		if how != itReturned {
			t.Errorf("from %s: Run %s (%v) although the panic was recovered", from.what, how, v)
		}
	}
	if text := printed(); text != "" {
		t.Errorf("recovered panics were printed:\n%s", text)
	}
}

// The panic of a group's body is printed before the children are awaited, when nobody knows yet whether it
// will be recovered; but it ends Run only if it leaves the coroutine.
func TestS12_APanicRecoveredOutsideOfItsGroupDoesNotEndRun(t *testing.T) {
	captureStderr(t)
	how, v := endOf(func() {
		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
			v := panicOf(func() {
				asyncio.WithTaskGroup(ctx, func(context.Context) error { explode("x"); return nil })
			})
			if e, ok := v.(*asyncio.PanicError); !ok || e.Value != "x" {
				t.Errorf("recovered %v, want the *PanicError", v)
			}
			return asyncio.Sleep(ctx, 0)
		})
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if how != itReturned {
		t.Errorf("Run %s (%v) although the panic was recovered", how, v)
	}
}
