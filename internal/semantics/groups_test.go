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

// S7: the first failure cancels siblings and body, and tells them why.
func TestS07_AFailedChildCancelsSiblingsAndBody(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		type end struct{ err, cause error }
		ends := map[string]end{}
		wait := func(name string) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				err := forever(ctx)
				ends[name] = end{err, context.Cause(ctx)}
				return err
			}
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, wait("elder"))
			asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.Sleep(ctx, time.Second)
				return errBoom
			})
			asyncio.Go(ctx, wait("younger"))
			return wait("body")(ctx)
		})
		expectErrors(t, err, errBoom)
		if took := time.Since(start); took != time.Second {
			t.Errorf("the group took %v, want 1s", took)
		}
		for _, name := range []string{"elder", "younger", "body"} {
			if got, want := ends[name], (end{context.Canceled, errBoom}); got != want {
				t.Errorf("%s ended with %v, want %v", name, got, want)
			}
		}
		if ctx.Err() != nil {
			t.Errorf("the ctx around the group is cancelled: %v", ctx.Err())
		}
	})
}

// S7: a body that fails does the same to the children.
func TestS07_AFailedBodyCancelsTheChildren(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var childErr, cause error
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				childErr = forever(ctx)
				cause = context.Cause(ctx)
				return childErr
			})
			asyncio.Sleep(ctx, time.Second)
			return errBoom
		})
		expectErrors(t, err, errBoom)
		if childErr != context.Canceled || cause != errBoom {
			t.Errorf("the child ended with %v, cause %v", childErr, cause)
		}
	})
}

// S7: a group that goes well cancels nobody and returns nil.
func TestS07_AGroupThatGoesWellWaitsForAll(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		ended := 0
		var inside context.Context
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			inside = ctx
			for i := range 10 {
				asyncio.Go(ctx, func(ctx context.Context) error {
					err := asyncio.Sleep(ctx, time.Duration(i)*time.Second)
					ended++
					return err
				})
			}
			return nil
		})
		if took := time.Since(start); err != nil || ended != 10 || took != 9*time.Second {
			t.Errorf("after %v: error %v, %d of 10 ended", took, err, ended)
		}
		if len(asyncio.LoopOf(inside).Tasks()) != 1 {
			t.Error("a child lives on")
		}
	})
}

// S7: every error is returned, in the order in which they came, and the group
// waits for a clean-up however long it takes.
func TestS07_EveryErrorIsReturnedTheFirstFirst(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		errs := make([]error, 5)
		for i := range errs {
			errs[i] = fmt.Errorf("error %d", i)
		}
		cleanUp := func(d time.Duration, err error) func(context.Context) error {
			return func(ctx context.Context) error {
				forever(ctx)
				asyncio.Sleep(context.WithoutCancel(ctx), d)
				return err
			}
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, cleanUp(30*time.Second, errs[4]))
			asyncio.Go(ctx, cleanUp(10*time.Second, errs[2]))
			asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.Sleep(ctx, time.Second)
				return errs[0]
			})
			asyncio.Go(ctx, cleanUp(0, errs[1]))
			asyncio.Go(ctx, cleanUp(5*time.Second, nil))
			return cleanUp(20*time.Second, errs[3])(ctx)
		})
		expectErrors(t, err, errs...)
		if took := time.Since(start); took != 31*time.Second {
			t.Errorf("the group took %v, want 31s", took)
		}
	})
}

// S7: errors are the group's to return: not lost when the child's handle is
// looked at as well, and not reported a second time by Run.
func TestS07_AGroupsErrorIsReturnedOnce(t *testing.T) {
	var seen, group error
	err := runVirtual(t, func(ctx context.Context) error {
		group = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			child := asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.Sleep(ctx, time.Second)
				return errBoom
			})
			asyncio.Go(ctx, func(ctx context.Context) error {
				_, seen = child.Await(context.WithoutCancel(ctx))
				return nil
			})
			return nil
		})
		return nil
	}, asyncio.WithErrorHandler(func(u asyncio.Unhandled) { t.Errorf("reported: %v", u.Err) }))
	expectErrors(t, group, errBoom)
	if err != nil || seen != errBoom {
		t.Errorf("Run: %v; the sibling saw %v", err, seen)
	}
}

// S7: children may be added while the group waits, by children, and by theirs.
func TestS07_ChildrenMayBeAddedDuringExit(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		depth := 0
		var deeper func(ctx context.Context) error
		deeper = func(ctx context.Context) error {
			asyncio.Sleep(ctx, time.Second)
			if depth++; depth < 10 {
				asyncio.Go(ctx, deeper)
			}
			return nil
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, deeper)
			return nil
		})
		if took := time.Since(start); err != nil || depth != 10 || took != 10*time.Second {
			t.Errorf("after %v: error %v, %d generations of 10", took, err, depth)
		}
	})
}

// S7: what is added to a group that has failed is cancelled before it begins,
// unless it is shielded; then the group waits for it and has its error.
func TestS07_ChildrenAddedAfterAFailure(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		late := errors.New("late")
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				forever(ctx)
				asyncio.Go(ctx, func(context.Context) error { t.Error("a child of a failed group began"); return late })
				asyncio.Go(context.WithoutCancel(ctx), func(ctx context.Context) error {
					asyncio.Sleep(ctx, time.Minute)
					return late
				})
				return nil
			})
			asyncio.Sleep(ctx, 0)
			return errBoom
		})
		expectErrors(t, err, errBoom, late)
		if took := time.Since(start); took != time.Minute {
			t.Errorf("the group took %v, want 1m", took)
		}
	})
}

// S7: cancelled from outside, a group cancels, waits, and returns the ctx's
// error; errors that there are to tell come instead.
func TestS07_AGroupCancelledFromOutside(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for name, c := range map[string]struct {
			body, child func(ctx context.Context) error
			want        error
		}{
			"all give up":            {forever, forever, context.DeadlineExceeded},
			"the body has returned":  {failing(nil), forever, context.DeadlineExceeded},
			"all are done":           {failing(nil), failing(nil), nil},
			"the child has an error": {forever, func(ctx context.Context) error { forever(ctx); return errBoom }, errBoom},
			"the body has an error":  {func(ctx context.Context) error { forever(ctx); return errBoom }, forever, errBoom},
		} {
			limited, cancel := asyncio.WithTimeout(ctx, time.Second)
			err := asyncio.WithTaskGroup(limited, func(ctx context.Context) error {
				asyncio.Go(ctx, c.child)
				return c.body(ctx)
			})
			if !errors.Is(err, c.want) || len(leaves(err)) != 1 {
				t.Errorf("%s: error %v, want %v", name, err, c.want)
			}
			if n := len(asyncio.LoopOf(ctx).Tasks()); n != 1 {
				t.Errorf("%s: %d tasks live on", name, n-1)
			}
			cancel()
		}
		limited, cancel := asyncio.WithTimeout(ctx, 0)
		defer cancel()
		err := asyncio.WithTaskGroup(limited, func(context.Context) error { t.Error("the body of a cancelled group ran"); return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("in a cancelled ctx: error %v, want DeadlineExceeded", err)
		}
	})
}

// S7: a group fails as a child of another does.
func TestS07_NestedGroupsPassErrorsOn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var ended []string
		wait := func(name string) func(context.Context) error {
			return func(ctx context.Context) error {
				err := forever(ctx)
				ended = append(ended, name)
				return err
			}
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, wait("outer"))
			asyncio.Go(ctx, func(ctx context.Context) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					asyncio.Go(ctx, wait("inner"))
					asyncio.Go(ctx, func(ctx context.Context) error {
						asyncio.Sleep(ctx, time.Second)
						return errBoom
					})
					return nil
				})
			})
			return nil
		})
		expectErrors(t, err, errBoom)
		if got := fmt.Sprint(ended); got != "[inner outer]" {
			t.Errorf("cancelled: %s, want [inner outer]", got)
		}
	})
}
