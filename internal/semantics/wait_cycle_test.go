package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S24, second part: a wait that closes a cycle of locks, awaits, gathers and groups is refused, and the error
// names all of it. See misuse_deadlock_test.go for cycles of awaits, wait_cycle_twin_test.go for random ones.

// wantCycle checks that err is ErrDeadlock and describes the cycle.
func wantCycle(t *testing.T, what string, err error, cycle string) {
	t.Helper()
	wantErr(t, what, err, asyncio.ErrDeadlock)
	if want := "asyncio: deadlock: " + cycle; err != nil && err.Error() != want {
		t.Errorf("%s: %q, want %q", what, err, want)
	}
}

// named starts a task that returns what fn does.
func named(ctx context.Context, name string, fn func(ctx context.Context) error) *asyncio.Task[struct{}] {
	return asyncio.Go(ctx, fn, asyncio.Name(name))
}

func TestS24_TasksThatAcquireLocksInARing(t *testing.T) {
	for _, size := range []int{2, 3, 10} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			locks := make([]asyncio.Lock, size)
			errs := make([]error, size)
			var tasks []*asyncio.Task[struct{}]
			for i := range locks {
				tasks = append(tasks, named(ctx, fmt.Sprint("t", i), func(ctx context.Context) error {
					locks[i].Acquire(ctx)
					defer locks[i].Release()
					asyncio.Sleep(ctx, 0)
					next := &locks[(i+1)%size]
					if errs[i] = next.Acquire(ctx); errs[i] == nil {
						next.Release()
					}
					return nil
				}))
			}
			asyncio.Gather(ctx, tasks...)
			for i, err := range errs[:size-1] {
				if err != nil {
					t.Errorf("%d of %d: %v, want that only the last wait is refused", i, size, err)
				}
			}
			cycle := fmt.Sprintf(`task "t%d"`, size-1)
			for i := range size {
				cycle += fmt.Sprintf(` waits for a lock held by task "t%d", which`, i)
			}
			wantCycle(t, "the last", errs[size-1], strings.TrimSuffix(cycle, ", which"))
		})
	}
}

// A cycle of two tasks and of each pair of kinds of waits. "a" holds a lock and waits for "b" in some way; then
// "b" waits for the lock, or for "a", and is refused.
func TestS24_CyclesOfEveryKind(t *testing.T) {
	type wait struct {
		says string
		call func(ctx context.Context, task *asyncio.Task[struct{}], lock *asyncio.Lock) error
	}
	sleeper := func(ctx context.Context) error { return asyncio.Sleep(ctx, 10*time.Second) }
	waits := map[string]wait{
		"Await": {"awaits ", func(ctx context.Context, task *asyncio.Task[struct{}], _ *asyncio.Lock) error {
			return second(task.Await(ctx))
		}},
		"Acquire": {"waits for a lock held by ", func(ctx context.Context, _ *asyncio.Task[struct{}], lock *asyncio.Lock) error {
			err := lock.Acquire(ctx)
			if err == nil {
				lock.Release()
			}
			return err
		}},
		"Gather": {"waits in Gather for ", func(ctx context.Context, task *asyncio.Task[struct{}], _ *asyncio.Lock) error {
			other := asyncio.Go(ctx, sleeper)
			return second(asyncio.Gather(ctx, other, task))
		}},
		"GatherResults": {"waits in Gather for ", func(ctx context.Context, task *asyncio.Task[struct{}], _ *asyncio.Lock) error {
			other := asyncio.Go(ctx, sleeper)
			return asyncio.GatherResults(ctx, other, task)[1].Err
		}},
		"AsCompleted": {"waits in AsCompleted for ", func(ctx context.Context, task *asyncio.Task[struct{}], _ *asyncio.Lock) (err error) {
			for _, r := range asyncio.AsCompleted(ctx, task) {
				err = r.Err
			}
			return err
		}},
		"Wait": {"waits in Wait for ", func(ctx context.Context, task *asyncio.Task[struct{}], _ *asyncio.Lock) error {
			other := asyncio.Go(ctx, sleeper)
			_, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, other, task)
			return err
		}},
	}
	for first, one := range waits {
		for then, other := range waits {
			t.Run(first+", "+then, func(t *testing.T) {
				asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
					var locks [2]asyncio.Lock
					var a, b *asyncio.Task[struct{}]
					ctx, cancel := context.WithCancel(ctx)
					defer cancel()
					a = named(ctx, "a", func(ctx context.Context) error {
						locks[0].Acquire(ctx)
						defer locks[0].Release()
						asyncio.Sleep(ctx, time.Second)
						one.call(ctx, b, &locks[1])
						return nil
					})
					var refused error
					b = named(ctx, "b", func(ctx context.Context) error {
						locks[1].Acquire(ctx)
						defer locks[1].Release()
						asyncio.Sleep(ctx, 2*time.Second)
						n, stop := countTurns(ctx)
						defer stop()
						refused = other.call(ctx, a, &locks[0])
						if *n > 1 { // Gather may have to cancel
							t.Errorf("refused after %d turns", *n)
						}
						return nil
					})
					asyncio.Sleep(ctx, time.Minute)
					wantCycle(t, "b", refused, `task "b" `+other.says+`task "a", which `+one.says+`task "b"`)
					if a.Err() == asyncio.ErrNotDone || b.Err() == asyncio.ErrNotDone {
						t.Error("the tasks did not go on")
					}
				})
			})
		}
	}
}

// The members of a Gather wait for its caller; those that it has started itself too.
func TestS24_ALockHeldWhileGatheringTasksThatWantIt(t *testing.T) {
	for name, gather := range map[string]func(ctx context.Context, c asyncio.Coroutine[struct{}]) error{
		"Gather": func(ctx context.Context, c asyncio.Coroutine[struct{}]) error {
			return second(asyncio.Gather(ctx, c))
		},
		"Gather of a task": func(ctx context.Context, c asyncio.Coroutine[struct{}]) error {
			return second(asyncio.Gather(ctx, asyncio.CreateTask(ctx, c)))
		},
		"GatherResults": func(ctx context.Context, c asyncio.Coroutine[struct{}]) error {
			return asyncio.GatherResults(ctx, c)[0].Err
		},
		"AsCompleted": func(ctx context.Context, c asyncio.Coroutine[struct{}]) (err error) {
			for _, r := range asyncio.AsCompleted(ctx, c) {
				err = r.Err
			}
			return err
		},
		"WithTaskGroup": func(ctx context.Context, c asyncio.Coroutine[struct{}]) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { asyncio.CreateTask(ctx, c); return nil })
		},
		"WithTaskGroup, after the child": func(ctx context.Context, c asyncio.Coroutine[struct{}]) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.CreateTask(ctx, c)
				return asyncio.Sleep(ctx, time.Second)
			})
		},
		"WithTaskGroup, shielded": func(ctx context.Context, c asyncio.Coroutine[struct{}]) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.CreateTask(context.WithoutCancel(ctx), c)
				return nil
			})
		},
		"WithTaskGroup in another one": func(ctx context.Context, c asyncio.Coroutine[struct{}]) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(ctx, func(ctx context.Context) error {
					return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { asyncio.CreateTask(ctx, c); return nil })
				})
				return nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				var lock asyncio.Lock
				lock.Acquire(ctx)
				defer lock.Release()
				err := gather(ctx, func(ctx context.Context) (struct{}, error) {
					ctx, cancel := asyncio.WithTimeout(ctx, time.Hour)
					defer cancel()
					return struct{}{}, lock.Acquire(ctx)
				})
				wantErr(t, name, err, asyncio.ErrDeadlock)
				wantClear(t, name, err, `waits for a lock held by task "main", which waits in `)
			})
		})
	}
}

// An owner cannot leave its group: of the children whose waits lead back to it, those nearest to it fail.
func TestS24_AGroupEndsTheWaitsForItsOwner(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var owner, direct, outside *asyncio.Task[struct{}]
		errs := map[string]error{}
		awaits := func(name string, task func() *asyncio.Task[struct{}]) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				_, err := task().Await(ctx)
				errs[name] = err
				return nil
			}
		}
		owner = named(ctx, "owner", func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				direct = named(ctx, "direct", awaits("direct", func() *asyncio.Task[struct{}] { return owner }))
				named(ctx, "behind", awaits("behind", func() *asyncio.Task[struct{}] { return direct }))
				named(ctx, "around", awaits("around", func() *asyncio.Task[struct{}] { return outside }))
				named(ctx, "sleeper", func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) })
				return asyncio.Sleep(ctx, time.Second)
			})
		})
		outside = named(ctx, "outside", awaits("outside", func() *asyncio.Task[struct{}] { return owner }))
		if _, err := owner.Await(ctx); err != nil {
			t.Errorf("the owner: %v", err)
		}
		await(ctx, t, outside)
		wantCycle(t, "direct", errs["direct"], `task "direct" awaits task "owner", which waits in WithTaskGroup for task "direct"`)
		wantCycle(t, "around", errs["around"],
			`task "around" awaits task "outside", which awaits task "owner", which waits in WithTaskGroup for task "around"`)
		if errs["behind"] != nil || errs["outside"] != nil {
			t.Errorf("behind: %v, outside: %v; want no errors", errs["behind"], errs["outside"])
		}
	})
}

// A Gather that was cancelled cannot leave what it started: the wait of a member for its caller ends.
func TestS24_ACancelledGatherEndsTheWaitsForItsCaller(t *testing.T) {
	for name, gather := range map[string]func(ctx context.Context, c asyncio.Coroutine[struct{}]) error{
		"Gather": func(ctx context.Context, c asyncio.Coroutine[struct{}]) error { return second(asyncio.Gather(ctx, c)) },
		"AsCompleted, left early": func(ctx context.Context, c asyncio.Coroutine[struct{}]) error {
			done := asyncio.CreateTask(ctx, func(context.Context) (struct{}, error) { return struct{}{}, nil })
			for range asyncio.AsCompleted(ctx, []asyncio.Awaitable[struct{}]{done, c}...) {
				asyncio.Sleep(ctx, time.Hour)
				break
			}
			return ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				var caller *asyncio.Task[struct{}]
				var inner error
				caller = named(ctx, "caller", func(ctx context.Context) error {
					return gather(ctx, func(ctx context.Context) (struct{}, error) {
						shielded := context.WithoutCancel(ctx)
						if name == "Gather" { // until the caller has left its first wait, and not begun the next
							for ctx.Err() == nil {
								asyncio.Sleep(shielded, time.Minute)
							}
						}
						_, inner = caller.Await(shielded)
						return struct{}{}, inner
					})
				})
				asyncio.Sleep(ctx, time.Second)
				caller.Cancel(nil)
				if _, err := caller.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
					t.Errorf("the caller: %v, want that it was cancelled", err)
				}
				wantErr(t, "the member", inner, asyncio.ErrDeadlock)
			})
		})
	}
}

// Group.Close waits for the tasks of the group, and of groups opened in it, and is refused.
func TestS24_CloseOfAGroupWhoseTaskWaitsForTheCaller(t *testing.T) {
	for name, inside := range map[string]bool{"of the group": false, "of a group in it": true} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				var closer *asyncio.Task[struct{}]
				var refused error
				var member *asyncio.Task[struct{}]
				group := asyncio.OpenGroup(ctx)
				closer = named(ctx, "closer", func(ctx context.Context) error {
					asyncio.Sleep(ctx, time.Second)
					refused = group.Close(ctx)
					return nil
				})
				back := func(ctx context.Context) error { return second(closer.Await(context.WithoutCancel(ctx))) }
				group.Go(func(ctx context.Context) error {
					if !inside {
						member = asyncio.Go(ctx, back, asyncio.Name("member"))
						return nil
					}
					asyncio.OpenGroup(ctx).Go(func(ctx context.Context) error {
						member = asyncio.Go(ctx, back, asyncio.Name("member"))
						return nil
					})
					return nil
				})
				await(ctx, t, closer)
				await(ctx, t, member)
				wantCycle(t, "Close", refused, `task "closer" waits in Group.Close for task "member", which awaits task "closer"`)
				if err := group.Close(ctx); err != nil {
					t.Errorf("the second Close: %v", err)
				}
			})
		})
	}
}

// A condition must have its lock again: the wait of the task that holds it ends.
func TestS24_AConditionThatAcquiresItsLockAgain(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		var other asyncio.Lock
		var waited, refused error
		a := named(ctx, "a", func(ctx context.Context) error {
			other.Acquire(ctx)
			defer other.Release()
			c.L.Acquire(ctx)
			defer c.L.Release()
			ctx, cancel := asyncio.WithTimeout(ctx, time.Minute)
			defer cancel()
			waited = c.Wait(ctx)
			return nil
		})
		b := named(ctx, "b", func(ctx context.Context) error {
			asyncio.Sleep(ctx, time.Second)
			c.L.Acquire(ctx)
			defer c.L.Release()
			refused = other.Acquire(ctx)
			return nil
		})
		await(ctx, t, a)
		await(ctx, t, b)
		if waited != context.DeadlineExceeded {
			t.Errorf("Wait: %v, want its timeout", waited)
		}
		wantCycle(t, "b", refused, `task "b" waits for a lock held by task "a", which waits for a lock held by task "b"`)
	})
}

// Nothing but the condition can give way: Wait returns without the lock.
func TestS24_AConditionWhoseLockItsGroupHolds(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			named(ctx, "child", func(ctx context.Context) error {
				c.L.Acquire(ctx)
				return c.Wait(ctx)
			})
			asyncio.Sleep(ctx, time.Second)
			c.L.Acquire(ctx)
			c.NotifyAll()
			return nil
		})
		wantCycle(t, "child", err, `task "child" waits for a lock held by task "main", which waits in WithTaskGroup for task "child"`)
		c.L.Release()
	})
}

// A wait that has just ended closes no cycle, though its task has not run.
func TestS24_AWaitThatHasEndedIsNoPartOfACycle(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var one, other asyncio.Lock
		a := named(ctx, "a", func(ctx context.Context) error {
			one.Acquire(ctx)
			defer one.Release()
			asyncio.Sleep(ctx, 0)
			return second(asyncio.WaitFor(ctx, time.Second, asyncio.Proc(other.Acquire)))
		})
		b := named(ctx, "b", func(ctx context.Context) error {
			other.Acquire(ctx)
			defer other.Release()
			asyncio.Sleep(ctx, 0)
			a.Cancel(nil)
			return one.Acquire(ctx)
		})
		if _, err := b.Await(ctx); err != nil {
			t.Errorf("b: %v", err)
		}
		a.Await(ctx)
	})
}

// A wait for one of several is no cycle while there is a choice. When the choice has gone it is.
func TestS24_AWaitForOneOfSeveral(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var first, all, failed error
		var results []error
		caller := func(wait func(ctx context.Context, self, other *asyncio.Task[struct{}])) {
			var self *asyncio.Task[struct{}]
			self = named(ctx, "self", func(ctx context.Context) error {
				loop := named(ctx, "loop", func(ctx context.Context) error { self.Await(ctx); return nil })
				other := named(ctx, "other", func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) })
				asyncio.Sleep(ctx, 0)
				wait(ctx, loop, other)
				return nil
			})
			await(ctx, t, self)
			asyncio.Sleep(ctx, time.Minute)
		}
		caller(func(ctx context.Context, loop, other *asyncio.Task[struct{}]) {
			_, _, first = asyncio.Wait(ctx, asyncio.FirstCompleted, loop, other)
		})
		caller(func(ctx context.Context, loop, other *asyncio.Task[struct{}]) {
			_, _, failed = asyncio.Wait(ctx, asyncio.FirstError, loop, other)
		})
		caller(func(ctx context.Context, loop, other *asyncio.Task[struct{}]) {
			_, _, all = asyncio.Wait(ctx, asyncio.AllCompleted, loop, other)
		})
		caller(func(ctx context.Context, loop, other *asyncio.Task[struct{}]) {
			for i, r := range asyncio.AsCompleted(ctx, loop, other) {
				results = append(results, r.Err)
				if i == len(results)-1 {
					t.Errorf("result %d came at %d", i, len(results)-1)
				}
			}
		})
		if first != nil {
			t.Errorf("Wait for the first: %v", first)
		}
		if len(results) != 2 || results[0] != nil {
			t.Fatalf("AsCompleted gave %v, want nil and ErrDeadlock", results)
		}
		wantCycle(t, "AsCompleted", results[1], `task "self" waits in AsCompleted for task "loop", which awaits task "self"`)
		wantCycle(t, "Wait for all", all, `task "self" waits in Wait for task "loop", which awaits task "self"`)
		wantCycle(t, "Wait for an error", failed, `task "self" waits in Wait for task "loop", which awaits task "self"`)
	})
}

// No call refuses a cycle through a wait for one of several, each of which leads back. A dump shows it.
func TestDumpShowsWaitCycles(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var owner *asyncio.Task[struct{}]
		owner = named(ctx, "owner", func(ctx context.Context) error {
			back := func(ctx context.Context) error { return second(owner.Await(ctx)) }
			_, _, err := asyncio.Wait(ctx, asyncio.FirstCompleted, named(ctx, "child", back), named(ctx, "sibling", back))
			return err
		})
		bystander := named(ctx, "bystander", func(ctx context.Context) error { return second(owner.Await(ctx)) })
		choosing := named(ctx, "choosing", func(ctx context.Context) error {
			free := named(ctx, "free", forever)
			defer free.Cancel(nil)
			_, _, err := asyncio.Wait(ctx, asyncio.FirstCompleted, owner, free)
			return err
		})
		asyncio.Sleep(ctx, time.Second)
		text := dump(t, asyncio.LoopOf(ctx))
		want := `  wait cycle: task "owner" waits in Wait for task "child", which awaits task "owner"` + "\n"
		if strings.Count(text, "wait cycle") != 1 || !strings.Contains(text, want) {
			t.Errorf("the dump is\n%swant in it, once: %s", text, want)
		}
		owner.Cancel(nil)
		asyncio.Sleep(ctx, time.Second)
		if text := dump(t, asyncio.LoopOf(ctx)); strings.Contains(text, "wait cycle") {
			t.Errorf("the cycle is broken:\n%s", text)
		}
		bystander.Await(ctx)
		choosing.Await(ctx)
	})
}

// A cycle in a loop whose time is not virtual, and that has other things to do.
func TestS24_OutsideOfTests(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		busy := asyncio.Go(ctx, func(ctx context.Context) error {
			for asyncio.Sleep(ctx, 0) == nil {
			}
			return nil
		})
		defer busy.Cancel(nil)
		var one, other asyncio.Lock
		one.Acquire(ctx)
		defer one.Release()
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			other.Acquire(ctx)
			defer other.Release()
			return one.Acquire(ctx)
		}, asyncio.Name("task"))
		asyncio.Sleep(ctx, 0)
		wantCycle(t, "main", other.Acquire(ctx), `task "main" waits for a lock held by task "task", which waits for a lock held by task "main"`)
		task.Cancel(nil)
		task.Await(ctx)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
