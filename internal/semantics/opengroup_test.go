package semantics_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S6, S7, S9: a group without a body.

func sleeping(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error { return asyncio.Sleep(ctx, d) }
}

// slowToEnd is a coroutine that needs d to end when it is cancelled, and fails with err then.
func slowToEnd(d time.Duration, err error) func(context.Context) error {
	return func(ctx context.Context) error {
		forever(ctx)
		asyncio.Sleep(context.WithoutCancel(ctx), d)
		return err
	}
}

// S7: the first failure cancels the siblings; Close waits for all and returns every error, the first first.
// A cancellation of the group's own is no error.
func TestS07_CloseReturnsTheErrorsOfAnOpenGroup(t *testing.T) {
	errLate := errors.New("late")
	for name, c := range map[string]struct {
		tasks []func(context.Context) error
		want  []error
		took  time.Duration // from Close on, which comes after a second
	}{
		"none":             {nil, nil, 0},
		"all ended":        {[]func(context.Context) error{failing(nil), sleeping(1)}, nil, 0},
		"are cancelled":    {[]func(context.Context) error{forever, forever}, nil, 0},
		"end slowly":       {[]func(context.Context) error{forever, slowToEnd(time.Minute, nil)}, nil, time.Minute},
		"one fails":        {[]func(context.Context) error{forever, failing(errBoom), forever}, []error{errBoom}, 0},
		"fail, in order":   {[]func(context.Context) error{slowToEnd(time.Minute, errLate), slowToEnd(2, errBroken), failing(errBoom)}, []error{errBoom, errBroken, errLate}, time.Minute - time.Second},
		"fail when closed": {[]func(context.Context) error{slowToEnd(time.Minute, errLate), slowToEnd(1, errBroken)}, []error{errBroken, errLate}, time.Minute},
		"a child's child": {[]func(context.Context) error{func(ctx context.Context) error {
			asyncio.Go(ctx, failing(errBroken))
			return nil
		}, forever}, []error{errBroken}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				g := asyncio.OpenGroup(ctx)
				for _, task := range c.tasks {
					g.Go(task)
				}
				if g.Len() != len(c.tasks) {
					t.Errorf("Len %d, want %d", g.Len(), len(c.tasks))
				}
				asyncio.Sleep(ctx, time.Second)
				start := time.Now()
				for range 2 { // a second call returns the same
					if err := g.Close(ctx); len(c.want) > 0 {
						expectErrors(t, err, c.want...)
					} else if err != nil {
						t.Errorf("Close: %v", err)
					}
					if took := time.Since(start); took != c.took || g.Len() != 0 {
						t.Errorf("Close took %v, want %v; Len %d", took, c.took, g.Len())
					}
				}
				if late := g.Go(forever); !errors.Is(late.Err(), asyncio.ErrScopeEnded) {
					t.Errorf("Go after Close: %v", late.Err())
				}
			})
		})
	}
}

// S7: siblings are cancelled at the failure, not at Close, and what is added then never begins.
func TestS07_AFailureCancelsAnOpenGroupAtOnce(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		g := asyncio.OpenGroup(ctx)
		sibling := g.Go(forever)
		failed := g.Go(failing(errBoom))
		wantErr(t, "the sibling", sibling.Join(ctx), asyncio.ErrTaskCancelled, errBoom)
		wantErr(t, "what failed", failed.Join(ctx), errBoom)
		late := g.Go(func(context.Context) error { t.Error("it began"); return nil })
		wantErr(t, "what is added", late.Join(ctx), asyncio.ErrTaskCancelled)
		if ctx.Err() != nil {
			t.Error("the owner was cancelled")
		}
		expectErrors(t, g.Close(ctx), errBoom) // though it was received by Join
	})
}

// S7: a failed group stays failed. The error of a task that is added later contains the failure. The first such
// task is logged.
func TestS07_AFailedOpenGroupSaysWhyItStartsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(ctx context.Context, g *asyncio.Group)
		want error
		logs int
	}{
		"a child": {func(ctx context.Context, g *asyncio.Group) { g.Go(failing(errBoom)).Join(ctx) }, errBoom, 1},
		"two children": {func(ctx context.Context, g *asyncio.Group) {
			g.Go(failing(errBoom))
			g.Go(failing(errBroken)).Join(ctx)
		}, errBoom, 1},
		"a child's child": {func(ctx context.Context, g *asyncio.Group) {
			g.Go(func(ctx context.Context) error { return asyncio.Go(ctx, failing(errBoom)).Join(ctx) }).Join(ctx)
		}, errBoom, 1},
		"Close waits": {func(ctx context.Context, g *asyncio.Group) {
			g.Go(slowToEnd(time.Minute, nil))
			asyncio.Sleep(ctx, 1)
			g.Close(cancelled(ctx))
		}, context.Canceled, 0},
		"its ctx is cancelled": {func(_ context.Context, g *asyncio.Group) {}, errWhy, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var log logbook
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				own, cancel := context.WithCancelCause(ctx)
				defer cancel(nil)
				g := asyncio.OpenGroup(own)
				if c.fail(ctx, g); c.want == errWhy {
					cancel(errWhy)
				}
				for range 2 {
					late := g.Go(func(context.Context) error { t.Error("it began"); return nil }, asyncio.Name("late"))
					err := late.Join(ctx)
					wantErr(t, "what is added", err, asyncio.ErrTaskCancelled, c.want)
					if !strings.HasPrefix(err.Error(), `asyncio: task "late" was cancelled`) || !strings.Contains(err.Error(), c.want.Error()) && c.want != context.Canceled {
						t.Errorf("what is added: %q, want it to name %q", err, c.want)
					}
				}
				g.Close(ctx)
			}, asyncio.WithLogger(slog.New(&log)))
			got := log.containing("the group has failed")
			if len(got) != c.logs || c.logs > 0 && (!strings.Contains(got[0], "task=late") || !strings.Contains(got[0], errBoom.Error())) {
				t.Errorf("logged %q, want %d lines that name the task and the failure", got, c.logs)
			}
		})
	}
}

// S6: the owner waits for the tasks of a group that is not closed, as for its own, and has their errors.
func TestS06_TheOwnerOfAnOpenGroup(t *testing.T) {
	for name, open := range map[string]func(ctx context.Context) *asyncio.Group{
		"its ctx": asyncio.OpenGroup,
		"value": func(ctx context.Context) *asyncio.Group {
			return asyncio.OpenGroup(context.WithValue(ctx, testKey{}, 1))
		},
		"shielded": func(ctx context.Context) *asyncio.Group { return asyncio.OpenGroup(context.WithoutCancel(ctx)) },
		"nested":   func(ctx context.Context) *asyncio.Group { return openInside(ctx, asyncio.OpenGroup(ctx)) },
		"nested thrice": func(ctx context.Context) *asyncio.Group {
			return openInside(ctx, openInside(ctx, openInside(ctx, asyncio.OpenGroup(ctx))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				start := time.Now()
				var g *asyncio.Group
				err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					g = open(ctx)
					asyncio.Sleep(ctx, 1) // the nested one has been opened
					g.Go(sleeping(time.Hour))
					return nil
				})
				if took := time.Since(start); err != nil || took < time.Hour || took > time.Hour+time.Second {
					t.Errorf("the owner ended after %v with %v, want 1h", took, err)
				}
				if late := g.Go(forever); !errors.Is(late.Err(), asyncio.ErrScopeEnded) || g.Len() != 0 {
					t.Errorf("Go after the owner's end: %v, Len %d", late.Err(), g.Len())
				}
				if err := g.Close(ctx); err != nil {
					t.Errorf("Close after the owner's end: %v", err)
				}
				err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					g := open(ctx)
					asyncio.Sleep(ctx, 1)
					g.Go(slowToEnd(time.Minute, errBroken))
					g.Go(failing(errBoom))
					return nil
				})
				expectErrors(t, err, errBoom, errBroken)
			})
		})
	}
}

// openInside opens a group in a task of outer, which has ended when it returns.
func openInside(ctx context.Context, outer *asyncio.Group) (inner *asyncio.Group) {
	outer.Go(func(ctx context.Context) error { inner = asyncio.OpenGroup(ctx); return nil }).Join(ctx)
	return inner
}

// S6, S8, S9: Run cancels the tasks, and reports the errors that Close has not returned, by their tasks.
func TestS09_RunReportsTheErrorsOfAnOpenGroup(t *testing.T) {
	for name, c := range map[string]struct {
		use      func(ctx context.Context, g *asyncio.Group)
		reported int
	}{
		"nothing":   {func(context.Context, *asyncio.Group) {}, 2},
		"Close":     {func(ctx context.Context, g *asyncio.Group) { g.Close(ctx) }, 0},
		"cancelled": {func(ctx context.Context, g *asyncio.Group) { g.Close(cancelled(ctx)) }, 2},
		"Close again": {func(ctx context.Context, g *asyncio.Group) {
			g.Close(cancelled(ctx))
			g.Close(ctx)
		}, 0},
		"Close of the outer": {func(ctx context.Context, g *asyncio.Group) {
			inner := openInside(ctx, asyncio.OpenGroup(ctx))
			inner.Go(failing(errBoom))
			g.Close(ctx)
			asyncio.Sleep(ctx, 1)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var got reports
			var seen, forsaken error
			err := runVirtual(t, func(ctx context.Context) error {
				g := asyncio.OpenGroup(ctx)
				g.Go(slowToEnd(time.Second, errBroken), asyncio.Name("second"))
				g.Go(failing(errBoom), asyncio.Name("first"))
				asyncio.Sleep(ctx, time.Second)
				c.use(ctx, g)
				left := asyncio.OpenGroup(ctx)
				left.Go(func(ctx context.Context) error {
					forsaken = forever(ctx)
					seen = context.Cause(ctx)
					return forsaken
				})
				return asyncio.Sleep(ctx, 1)
			}, got.option())
			if len(got) != c.reported || c.reported > 0 && !errors.Is(err, errBoom) || c.reported == 0 && err != nil {
				t.Errorf("reported %v, returned %v; want %d", got, err, c.reported)
			}
			if c.reported == 2 && (got[0].TaskName != "first" || got[1].TaskName != "second") {
				t.Errorf("reported %v, want the errors of the tasks first and second", got)
			}
			if forsaken != context.Canceled || !errors.Is(seen, context.Canceled) {
				t.Errorf("the task of a group that is not closed ended with %v, cause %v", forsaken, seen)
			}
		})
	}
}

// cancelled returns a ctx that has been cancelled.
func cancelled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

// S9: a dump lists the errors that Close has not returned.
func TestS09_ADumpListsTheErrorsOfAnOpenGroup(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		g := asyncio.OpenGroup(ctx)
		g.Go(failing(errBoom), asyncio.Name("mailer"))
		asyncio.Sleep(ctx, 1)
		if text := dump(t, asyncio.LoopOf(ctx)); !strings.Contains(text, `failed, not received: "mailer"`) {
			t.Errorf("the dump does not list it:\n%s", text)
		}
		g.Close(ctx)
		if text := dump(t, asyncio.LoopOf(ctx)); strings.Contains(text, "not received") {
			t.Errorf("the dump lists what Close has returned:\n%s", text)
		}
	})
}

// S6: the ctx that the group was opened with, in every way that it may be cancelled.
func TestS06_TheContextOfAnOpenGroup(t *testing.T) {
	for _, way := range waysToCancel() {
		t.Run(way.name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				c, end := way.make(ctx)
				g := asyncio.OpenGroup(c)
				var saw error
				g.Go(func(ctx context.Context) error { saw = forever(ctx); return saw })
				shielded := g.Go(func(ctx context.Context) error { return slowToEnd(time.Minute, nil)(ctx) })
				asyncio.Sleep(ctx, time.Second)
				end()
				start := time.Now()
				if err := shielded.Join(ctx); err != nil && way.after != 0 {
					t.Errorf("the slow task: %v", err)
				}
				late := g.Go(func(context.Context) error { t.Error("it began"); return nil })
				wantErr(t, "what is added", late.Join(ctx), asyncio.ErrTaskCancelled)
				if err := g.Close(ctx); err != nil || time.Since(start) > time.Minute {
					t.Errorf("Close: %v after %v", err, time.Since(start))
				}
				if way.after > 0 && saw != way.want {
					t.Errorf("the task saw %v, want %v", saw, way.want)
				}
			})
		})
	}
}

// S13: Close with a cancelled ctx cancels, and does not wait; nothing is lost.
func TestS13_CloseOfAnOpenGroupIsCancelled(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		g := asyncio.OpenGroup(ctx)
		slow := g.Go(slowToEnd(time.Minute, errBroken))
		asyncio.Sleep(ctx, 1)
		limited, cancel := asyncio.WithTimeout(ctx, time.Second)
		defer cancel()
		start := time.Now()
		if err := g.Close(limited); err != context.DeadlineExceeded || time.Since(start) != time.Second {
			t.Errorf("Close: %v after %v", err, time.Since(start))
		}
		if err := g.Close(limited); err != context.DeadlineExceeded || g.Len() != 1 {
			t.Errorf("Close, expired: %v, Len %d", err, g.Len())
		}
		asyncio.Sleep(ctx, time.Hour)
		if late := g.Go(forever); !errors.Is(late.Err(), asyncio.ErrScopeEnded) {
			t.Errorf("Go after the last task has ended: %v", late.Err())
		}
		wantErr(t, "the task", slow.Join(ctx), errBroken)
		expectErrors(t, g.Close(ctx), errBroken)

		g = asyncio.OpenGroup(ctx)
		child := g.Go(forever)
		asyncio.Sleep(ctx, 0)
		if err := g.Close(cancelled(ctx)); err != context.Canceled {
			t.Errorf("Close, cancelled: %v", err)
		}
		wantErr(t, "the child", child.Join(ctx), asyncio.ErrTaskCancelled)
	})
}

// Two that close at once both wait, and have the same errors.
func TestS07_TwoClosesOfAnOpenGroup(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		g := asyncio.OpenGroup(ctx)
		g.Go(slowToEnd(time.Minute, errBoom))
		asyncio.Sleep(ctx, 1)
		var added *asyncio.Task[struct{}]
		asyncio.LoopOf(ctx).CallLater(time.Second, func() { added = g.Go(func(context.Context) error { t.Error("it began"); return nil }) })
		errs, err := asyncio.Gather(ctx, asyncio.Coro0(func(ctx context.Context) (error, error) { return g.Close(ctx), nil }),
			asyncio.Coro0(func(ctx context.Context) (error, error) { return g.Close(ctx), nil }))
		if err != nil || !errors.Is(errs[0], errBoom) || !errors.Is(errs[1], errBoom) {
			t.Errorf("Close: %v, %v", errs, err)
		}
		wantErr(t, "what was added meanwhile", added.Err(), asyncio.ErrTaskCancelled)
	})
}

// A task of the group, near or far, cannot wait for itself.
func TestMisuse_CloseInATaskOfTheGroup(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		g := asyncio.OpenGroup(ctx)
		var err error
		closes := func(ctx context.Context) error { err = g.Close(ctx); return nil }
		for name, task := range map[string]func(ctx context.Context) error{
			"itself":        closes,
			"in a group":    func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, closes) },
			"in its child":  func(ctx context.Context) error { return asyncio.Go(ctx, closes).Join(ctx) },
			"in a subgroup": func(ctx context.Context) error { return asyncio.OpenGroup(ctx).Go(closes).Join(ctx) },
			"in a child's group": func(ctx context.Context) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { return asyncio.Go(ctx, closes).Join(ctx) })
			},
		} {
			g.Go(task).Join(ctx)
			wantErr(t, name, err, asyncio.ErrDeadlock)
			wantClear(t, name, err, "Group.Close: task ", " is one of the group", "call Close in another task")
			if err := g.Close(ctx); err != nil {
				t.Errorf("%s, then Close: %v", name, err)
			}
			g = asyncio.OpenGroup(ctx)
		}
		detached := g.Go(func(ctx context.Context) error { return asyncio.Go(asyncio.Detach(ctx), closes).Join(ctx) })
		detached.Join(ctx)
		turns(ctx, t, 2)
		if err != nil || detached.Err() == nil {
			t.Errorf("in a detached task: %v; the task that waits for it: %v, want it cancelled", err, detached.Err())
		}
	})
}

// An open group that is opened and closed again and again in one scope leaves nothing behind.
func TestS06_ClosedGroupsLeaveNothingBehind(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		const groups, warm = 5_000, 1_000
		before := 0
		for n := range groups {
			if n == warm {
				before = heapObjects(ctx)
			}
			g := asyncio.OpenGroup(ctx)
			g.Go(failing(nil))
			g.Go(failing(errBoom))
			asyncio.Sleep(ctx, 0)
			if err := g.Close(ctx); !errors.Is(err, errBoom) {
				t.Fatalf("Close: %v", err)
			}
			collectNowAndThen(n)
		}
		if grown := heapObjects(ctx) - before; grown > (groups-warm)*3/4 {
			t.Errorf("%d groups left %d objects behind", groups-warm, grown)
		}
	})
}
