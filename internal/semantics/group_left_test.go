package semantics_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
)

// leavings are the ways in which the body of a group ends without returning.
var leavings = map[string]func(){
	"panics":                 func() { panic("in the body") },
	"panics with an error":   func() { panic(errors.New("in the body")) },
	"has a run-time error":   func() { var p *int; *p = 1 },
	"exits its goroutine":    runtime.Goexit,
	"panics as it is exited": func() { defer func() { panic("in the clean-up") }(); runtime.Goexit() },
}

// S7, S9: a group whose body panics or exits returns nothing. What its children failed
// with is reported.
func TestS09_TheErrorsOfAGroupThatIsLeft(t *testing.T) {
	captureStderr(t)
	early, late := errors.New("disk full"), errors.New("failed in its clean-up")
	children := func(ctx context.Context) {
		asyncio.Go(ctx, func(ctx context.Context) error { forever(ctx); return late }, asyncio.Name("late"))
		asyncio.Sleep(ctx, time.Second)
		asyncio.Go(ctx, failing(early), asyncio.Name("early"))
		asyncio.Go(ctx, forever)                                    // was cancelled: no error
		asyncio.Go(ctx, func(context.Context) error { return nil }) // nor is this
		second(asyncio.Go(ctx, failing(errors.New("seen"))).Await(context.WithoutCancel(ctx)))
		asyncio.Sleep(ctx, time.Second)
	}
	programs := map[string]func(ctx context.Context, leave func()) error{
		"a group": func(ctx context.Context, leave func()) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				children(ctx)
				leave()
				return nil
			})
		},
		"a group in a group": func(ctx context.Context, leave func()) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					children(ctx)
					leave()
					return nil
				})
			})
		},
		"the outer of two groups": func(ctx context.Context, leave func()) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.WithTaskGroup(ctx, failing(nil))
				children(ctx)
				defer leave()
				return nil
			})
		},
		"a group in a task": func(ctx context.Context, leave func()) error {
			return second(asyncio.Go(ctx, func(ctx context.Context) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { children(ctx); leave(); return nil })
			}).Await(ctx))
		},
		"a group in a Gather": func(ctx context.Context, leave func()) error {
			return second(asyncio.Gather(ctx, asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
				return 0, asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { children(ctx); leave(); return nil })
			})))
		},
		"a group under WithoutCancel": func(ctx context.Context, leave func()) error {
			return asyncio.WithTaskGroup(context.WithoutCancel(ctx), func(ctx context.Context) error { children(ctx); leave(); return nil })
		},
		"an open group in a group": func(ctx context.Context, leave func()) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				g := asyncio.OpenGroup(ctx)
				g.Go(func(ctx context.Context) error { forever(ctx); return late }, asyncio.Name("late"))
				asyncio.Sleep(ctx, time.Second)
				g.Go(failing(early), asyncio.Name("early"))
				asyncio.Sleep(ctx, time.Second)
				leave()
				return nil
			})
		},
		"a group in an open group": func(ctx context.Context, leave func()) error {
			g := asyncio.OpenGroup(ctx)
			return second(g.Go(func(ctx context.Context) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { children(ctx); leave(); return nil })
			}).Await(ctx))
		},
	}
	recovered := func(ctx context.Context, program func() error) (err error) {
		defer func() { recover() }()
		return program()
	}
	for name, program := range programs {
		for how, leave := range leavings {
			for _, mode := range []string{"recovered", "plain", "as an error"} {
				t.Run(name+" "+how+", "+mode, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						var got reports
						opts := []asyncio.Option{virtual, got.option()}
						if mode == "as an error" {
							opts = append(opts, asyncio.WithPanicsAsErrors())
						}
						var err error
						ended, _ := endOf(func() {
							err = asyncio.Run(context.Background(), func(ctx context.Context) error {
								if mode == "recovered" {
									return recovered(ctx, func() error { return program(ctx, leave) })
								}
								return program(ctx, leave)
							}, opts...)
						})
						var names []string
						for _, u := range got {
							if u.Err == early || u.Err == late {
								names = append(names, u.TaskName)
							}
							if u.Created == "" || u.Err.Error() == "seen" {
								t.Errorf("reported %+v", u)
							}
						}
						slices.Sort(names)
						if !slices.Equal(names, []string{"early", "late"}) {
							t.Errorf("the errors of %q were reported, want those of early and late, once", names)
						}
						if ended == itReturned {
							wantErr(t, "Run", err, early, late)
						}
					})
				})
			}
		}
	}
}

// S9: a group whose task is abandoned returns nothing either.
func TestS09_TheErrorsOfAnAbandonedGroup(t *testing.T) {
	stuck := func(ctx context.Context) error {
		return second(asyncio.NewFuture[int](ctx).Await(context.WithoutCancel(ctx)))
	}
	for name, body := range map[string]func(ctx context.Context) error{
		"its body is stuck": func(ctx context.Context) error { asyncio.Go(ctx, failing(errBoom)); return stuck(ctx) },
		"a child is stuck":  func(ctx context.Context) error { asyncio.Go(ctx, stuck); asyncio.Sleep(ctx, 0); return errBoom },
		"two: body and child": func(ctx context.Context) error {
			asyncio.Go(ctx, stuck)
			asyncio.Sleep(ctx, 0)
			asyncio.Go(ctx, failing(errBoom))
			return stuck(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got reports
			err := asyncio.Run(t.Context(), func(ctx context.Context) error {
				asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, body) })
				turns(ctx, t, 5)
				return nil
			}, got.option(), asyncio.WithShutdownTimeout(0))
			if len(got) != 1 || got[0].Err != errBoom {
				t.Errorf("reported %v, want boom once", got)
			}
			wantErr(t, "Run", err, errBoom)
		})
	}
}

// S9, S12: Run that panics or exits returns no error of main: it is reported. What says
// only how Run ends is not.
func TestS09_MainsErrorWhenRunDoesNotReturn(t *testing.T) {
	captureStderr(t)
	for how, leave := range map[string]func(){"panics": func() { panic("x") }, "exits": runtime.Goexit} {
		for name, c := range map[string]struct {
			err      func(ctx context.Context, task *asyncio.Task[struct{}]) error
			reported bool
		}{
			"an error":          {func(context.Context, *asyncio.Task[struct{}]) error { return errBoom }, true},
			"joined to another": {func(ctx context.Context, task *asyncio.Task[struct{}]) error { return errors.Join(task.Err(), errBoom) }, true},
			"its cancellation":  {func(ctx context.Context, _ *asyncio.Task[struct{}]) error { return ctx.Err() }, false},
			"the task's error":  {func(_ context.Context, task *asyncio.Task[struct{}]) error { return task.Err() }, false},
			"none":              {func(context.Context, *asyncio.Task[struct{}]) error { return nil }, false},
		} {
			t.Run(how+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var got reports
					endOf(func() {
						asyncio.Run(context.Background(), func(ctx context.Context) error {
							task := asyncio.Go(ctx, func(ctx context.Context) error { leave(); return nil })
							forever(ctx)
							return c.err(ctx, task)
						}, virtual, got.option())
					})
					if want := map[bool]int{true: 1}[c.reported]; len(got) != want {
						t.Errorf("reported %v, want %d", got, want)
					}
					for _, u := range got {
						wantErr(t, "reported", u.Err, errBoom)
					}
				})
			})
		}
	}
}
