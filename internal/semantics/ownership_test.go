package semantics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S6: a group waits for what was created with its ctx, the outer group for what
// was created with the outer one.
func TestS06_TheOwnerIsTheInnermostGroup(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		expectAt := func(what string, want time.Duration) {
			t.Helper()
			if at := time.Since(start); at != want {
				t.Errorf("%s after %v, want %v", what, at, want)
			}
		}
		sleeper := func(d time.Duration) func(context.Context) error {
			return func(ctx context.Context) error { return asyncio.Sleep(ctx, d) }
		}
		of := asyncio.Go(ctx, sleeper(3*time.Second))
		err := asyncio.WithTaskGroup(ctx, func(outer context.Context) error {
			err := asyncio.WithTaskGroup(outer, func(inner context.Context) error {
				asyncio.Go(inner, sleeper(1*time.Second))
				asyncio.Go(outer, sleeper(2*time.Second))
				return nil
			})
			expectAt("the inner group ended", 1*time.Second)
			return err
		})
		expectAt("the outer group ended", 2*time.Second)
		if err != nil || of.Err() != asyncio.ErrNotDone {
			t.Errorf("error %v; Run's task: %v, want it running", err, of.Err())
		}
		of.Await(ctx)
	})
}

// S6: a function that is given no handle creates tasks of its caller's group,
// also through contexts that others made of the group's.
func TestS06_AHelperCreatesGroupTasksWithoutAHandle(t *testing.T) {
	type key struct{}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		ended := 0
		helper := func(ctx context.Context) {
			asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.Sleep(ctx, time.Second)
				asyncio.Go(ctx, func(ctx context.Context) error { // a grandchild is the group's too
					asyncio.Sleep(ctx, time.Second)
					ended++
					return nil
				})
				ended++
				return nil
			})
		}
		wraps := map[string]func(context.Context) (context.Context, context.CancelFunc){
			"plain": func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
			"value": func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithValue(ctx, key{}, 1), func() {}
			},
			"std timeout": func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Hour)
			},
			"our timeout": func(ctx context.Context) (context.Context, context.CancelFunc) {
				return asyncio.WithTimeout(ctx, time.Hour)
			},
			"shielded": func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithoutCancel(ctx), func() {}
			},
		}
		for name, wrap := range wraps {
			ended = 0
			start := time.Now()
			var cancel context.CancelFunc
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				ctx, cancel = wrap(ctx)
				helper(ctx)
				return nil
			})
			if took := time.Since(start); err != nil || ended != 2 || took != 2*time.Second {
				t.Errorf("%s: the group ended after %v with %d of 2 tasks done, error %v", name, took, ended, err)
			}
			cancel()
		}
	})
}

// S6: outside a group the owner is Run, not the task that creates: the child
// outlives it, and Run waits for the child.
func TestS06_OutsideGroupsTheOwnerIsRun(t *testing.T) {
	ended := 0
	err := runVirtual(t, func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.Sleep(ctx, time.Second)
				ended++
				forever(ctx)
				ended++
				return nil
			})
			return nil
		}).Await(ctx)
		return asyncio.Sleep(ctx, 2*time.Second)
	})
	if err != nil || ended != 2 {
		t.Errorf("the child got %d of 2 steps far, error %v", ended, err)
	}
}

// S6: context.WithoutCancel keeps the owner but not the cancellation: a group
// that failed or was cancelled waits for such a child.
func TestS06_WithoutCancelIsWaitedForButNotCancelled(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for name, leave := range map[string]func(ctx context.Context, t *testing.T) error{
			"body fails":  func(context.Context, *testing.T) error { return errBoom },
			"child fails": func(ctx context.Context, _ *testing.T) error { asyncio.Go(ctx, failing(errBoom)); return nil },
			"time is up": func(ctx context.Context, t *testing.T) error {
				if err := forever(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the body was left with %v", err)
				}
				return errBoom
			},
		} {
			var saved error
			ended := false
			start := time.Now()
			limited, cancel := asyncio.WithTimeout(ctx, time.Second)
			err := asyncio.WithTaskGroup(limited, func(ctx context.Context) error {
				shielded := context.WithoutCancel(ctx)
				asyncio.Go(shielded, func(ctx context.Context) error {
					saved = asyncio.Sleep(ctx, time.Minute)
					ended = ctx.Err() == nil
					return nil
				})
				return leave(ctx, t)
			})
			cancel()
			if took := time.Since(start); !ended || saved != nil || took != time.Minute {
				t.Errorf("%s: the shielded child: ended %v, its sleep %v, the group took %v", name, ended, saved, took)
			}
			expectErrors(t, err, errBoom)
		}
	})
}

// S6: what was shielded by context.WithoutCancel is cancelled by its handle,
// and by the end of Run.
func TestS06_WithoutCancelIsCancelledByHandle(t *testing.T) {
	var byHandle, byRun, inGroup, cause error
	err := runVirtual(t, func(ctx context.Context) error {
		shielded := context.WithoutCancel(ctx)
		task := asyncio.Go(shielded, func(ctx context.Context) error {
			byHandle = forever(ctx)
			cause = context.Cause(ctx)
			return byHandle
		})
		asyncio.Sleep(ctx, 0)
		task.Cancel(errBoom)
		task.Await(ctx)
		asyncio.Go(shielded, func(ctx context.Context) error { byRun = forever(ctx); return byRun })
		asyncio.Go(ctx, func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(context.WithoutCancel(ctx), func(ctx context.Context) error { inGroup = forever(ctx); return inGroup })
				return nil
			})
		})
		return asyncio.Sleep(ctx, time.Second)
	})
	if err != nil || byHandle != context.Canceled || cause != errBoom || byRun != context.Canceled || inGroup != context.Canceled {
		t.Errorf("by handle %v (cause %v), by Run's end %v, in a group by Run's end %v; error %v", byHandle, cause, byRun, inGroup, err)
	}
}

type escapedKey struct{}

// S6: once a group has ended, its ctx makes no tasks any more.
func TestS06_AnEndedScopeGivesFailedTasks(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var escaped context.Context
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { escaped = ctx; return nil })
		ran := false
		body := func(context.Context) error { ran = true; return nil }
		for name, c := range map[string]context.Context{
			"its ctx":     escaped,
			"derived":     context.WithValue(escaped, escapedKey{}, 1),
			"std derived": without(context.WithTimeout(escaped, time.Hour)),
			"shielded":    context.WithoutCancel(escaped),
		} {
			task := asyncio.Go(c, body)
			if task.Cancel(nil) {
				t.Errorf("%s: the task can be cancelled, want it ended", name)
			}
			if err := task.Err(); !errors.Is(err, asyncio.ErrScopeEnded) {
				t.Errorf("%s: error %v at once, want ErrScopeEnded", name, err)
			}
			<-task.Done()
			if _, err := task.Await(ctx); !errors.Is(err, asyncio.ErrScopeEnded) {
				t.Errorf("%s: awaited error %v, want ErrScopeEnded", name, err)
			}
		}
		asyncio.Sleep(ctx, time.Second)
		if ran {
			t.Error("a task of an ended scope ran")
		}
	})
}

// S6, S9: the task that an ended scope refused is not lost either.
func TestS06_ARefusedTaskThatNobodyLooksAtIsReported(t *testing.T) {
	err := runVirtual(t, func(ctx context.Context) error {
		var escaped context.Context
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { escaped = ctx; return nil })
		asyncio.Go(escaped, func(context.Context) error { return nil })
		return nil
	}, asyncio.WithLogger(quiet))
	wantErr(t, "Run", err, asyncio.ErrScopeEnded)
}

// S6: the end of a task does not cancel its ctx: children and others that hold
// the ctx go on, and are cancelled with the scope that owns them.
func TestS06_TheEndOfATaskDoesNotCancelItsContext(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var child *asyncio.Task[struct{}]
		var ofParent context.Context
		told := make(chan error, 1)
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			parent := asyncio.Go(ctx, func(ctx context.Context) error {
				ofParent = ctx
				child = asyncio.Go(ctx, forever)
				context.AfterFunc(ctx, func() { told <- context.Cause(ctx) })
				return nil
			})
			asyncio.Sleep(ctx, time.Second)
			if parent.Err() != nil || parent.Cancel(nil) {
				t.Error("the parent has not ended")
			}
			if ofParent.Err() != nil || child.Err() != asyncio.ErrNotDone || len(told) != 0 {
				t.Errorf("after the parent's end: its ctx %v, its child %v, told %d", ofParent.Err(), child.Err(), len(told))
			}
			if err := asyncio.Sleep(ofParent, time.Second); err != nil {
				t.Errorf("an await with the ctx of an ended task: %v", err)
			}
			return errBoom
		})
		asyncio.Sleep(ctx, time.Second) // who is told is told in a goroutine
		select {
		case cause := <-told:
			if cause != errBoom {
				t.Errorf("a std function after the ctx of the ended task was told %v, want %v", cause, errBoom)
			}
		default: // before anybody asks ofParent.Err(), which would look for itself
			t.Error("a std function after the ctx of the ended task was not told of the group's failure")
		}
		if !errors.Is(err, errBoom) || !errors.Is(child.Err(), context.Canceled) || ofParent.Err() != context.Canceled {
			t.Errorf("after the group's failure: group %v, child %v, ctx %v", err, child.Err(), ofParent.Err())
		}
	})
}

// S6, S13: awaits with the ctx of a task or gathering that has ended, and tasks
// created with it, are cancelled with the scope.
func TestS06_TheContextOfWhatHasEndedStillHearsOfCancellations(t *testing.T) {
	kept := map[string]func(ctx context.Context) (ended context.Context){
		"task": func(ctx context.Context) (ended context.Context) {
			asyncio.Go(ctx, func(ctx context.Context) error { ended = ctx; return nil }).Await(ctx)
			return ended
		},
		"its child": func(ctx context.Context) (ended context.Context) {
			var child *asyncio.Task[struct{}]
			asyncio.Go(ctx, func(ctx context.Context) error {
				child = asyncio.Go(ctx, func(ctx context.Context) error { ended = ctx; return nil })
				return nil
			}).Await(ctx)
			child.Await(ctx)
			return ended
		},
		"gathering": func(ctx context.Context) (ended context.Context) {
			asyncio.Gather(ctx, asyncio.Coroutine[int](func(ctx context.Context) (int, error) { ended = ctx; return 1, nil }))
			return ended
		},
	}
	uses := map[string]func(ctx context.Context) error{
		"an await": forever,
		"a time-out": func(ctx context.Context) error {
			ctx, cancel := asyncio.WithTimeout(ctx, time.Hour)
			defer cancel()
			return forever(ctx)
		},
		"a std context": func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			return forever(ctx)
		},
		"a gathering": func(ctx context.Context) error {
			_, err := asyncio.Gather(ctx, after(time.Hour, 1, nil))
			return err
		},
	}
	for of, keep := range kept {
		for with, use := range uses {
			t.Run(with+" with that of a "+of, func(t *testing.T) {
				asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
					start := time.Now()
					err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
						ended := keep(ctx)
						asyncio.Go(ctx, func(context.Context) error { return use(ended) })
						asyncio.Go(ended, use)
						asyncio.Sleep(ctx, time.Second)
						return errBoom
					})
					expectErrors(t, err, errBoom)
					if took := time.Since(start); took != time.Second {
						t.Errorf("the failed group ended after %v, want 1s", took)
					}
				})
			})
		}
	}
}

// S6, S13: who is parked with the ctx of another task when that task ends stays
// under what owns it.
func TestS06_WhoIsParkedWithTheContextOfATaskThatEnds(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		start := time.Now()
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ofOther context.Context) error {
				asyncio.Go(ctx, func(context.Context) error { return forever(ofOther) })
				return asyncio.Sleep(ofOther, time.Second)
			})
			asyncio.Sleep(ctx, 2*time.Second)
			return errBoom
		})
		expectErrors(t, err, errBoom)
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("the failed group ended after %v, want 2s", took)
		}
	})
}
