package semantics_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S24, first part: a lock belongs to the task that acquired it.

// byCallback runs fn in a callback of the loop and waits for it.
func byCallback(ctx context.Context, fn func()) {
	done := asyncio.NewFuture[int](ctx)
	asyncio.LoopOf(ctx).CallSoon(func() {
		defer done.SetResult(0)
		fn()
	})
	done.Await(context.WithoutCancel(ctx))
}

// holds starts a task that acquires the lock, and returns when it has. The task releases it after an hour.
func holds(ctx context.Context, name string, lock *asyncio.Lock) *asyncio.Task[struct{}] {
	task := asyncio.Go(ctx, func(ctx context.Context) error {
		if err := lock.Acquire(ctx); err != nil {
			return err
		}
		defer lock.Release()
		return asyncio.Sleep(ctx, time.Hour)
	}, asyncio.Name(name))
	asyncio.Sleep(ctx, 0)
	return task
}

func TestS24_AnotherTaskMayNotUseTheLock(t *testing.T) {
	for name, use := range map[string]func(ctx context.Context, c *asyncio.Condition){
		"Lock.Release": func(_ context.Context, c *asyncio.Condition) { c.L.Release() },
		"Lock.Release, deferred": func(_ context.Context, c *asyncio.Condition) {
			func() { defer c.L.Release() }()
		},
		"Condition.Wait":              func(ctx context.Context, c *asyncio.Condition) { c.Wait(ctx) },
		"Condition.WaitFor":           func(ctx context.Context, c *asyncio.Condition) { c.WaitFor(ctx, func() bool { return true }) },
		"Condition.Notify":            func(_ context.Context, c *asyncio.Condition) { c.Notify(1) },
		"Condition.NotifyAll":         func(_ context.Context, c *asyncio.Condition) { c.NotifyAll() },
		"Condition.Wait, in cleanup":  func(ctx context.Context, c *asyncio.Condition) { c.Wait(context.WithoutCancel(ctx)) },
		"Condition.Wait, was waiting": func(ctx context.Context, c *asyncio.Condition) { c.Wait(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				c := asyncio.NewCondition(nil)
				owner := holds(ctx, "owner", c.L)
				call, _, _ := strings.Cut(name, ",")
				await(ctx, t, asyncio.Go(ctx, func(ctx context.Context) error {
					wantPanic(t, name, func() { use(ctx, c) }, asyncio.ErrWrongTask, call, `"owner"`, `"thief"`, "Semaphore(1)")
					return nil
				}, asyncio.Name("thief")))
				if !c.L.Locked() || c.L.TryAcquire() {
					t.Error("the misuse freed the lock")
				}
				await(ctx, t, owner)
				if c.L.Locked() {
					t.Error("the owner's Release did not free it")
				}
			})
		})
	}
}

// The task to which the lock was handed owns it before it runs.
func TestS24_WhoeverReleasedItDoesNotOwnItAnyMore(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		next := try(ctx, func(ctx context.Context) error { defer lock.Release(); return lock.Acquire(ctx) })
		turns(ctx, t, 1)
		lock.Release()
		wantPanic(t, "a second Release", lock.Release, asyncio.ErrWrongTask, `"`+next.Name()+`"`)
		await(ctx, t, next)
		wantClearPanic(t, "Release of a free lock", lock.Release, "Lock.Release", "not held")
	})
}

func TestS24_ACallbackMayRelease(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		next := try(ctx, lock.Acquire)
		byCallback(ctx, func() {
			lock.Release()
			if lock.TryAcquire() {
				t.Error("a callback took what was handed over")
			}
		})
		await(ctx, t, next)
		wantPanic(t, "the former owner's Release", lock.Release, asyncio.ErrWrongTask, next.Name(), "has ended")
		byCallback(ctx, lock.Release)
		if lock.Locked() {
			t.Error("a callback could not release the lock of a task that has ended")
		}
	})
}

// A callback is no task: what it takes has no owner.
func TestS24_WhatACallbackTookAnyTaskMayRelease(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		byCallback(ctx, func() {
			if !c.L.TryAcquire() || c.L.TryAcquire() {
				t.Error("TryAcquire in a callback")
			}
			c.NotifyAll()
		})
		waiter := try(ctx, func(ctx context.Context) error { defer c.L.Release(); return c.L.Acquire(ctx) })
		turns(ctx, t, 1)
		if text := dump(t, asyncio.LoopOf(ctx)); !strings.Contains(text, "waits (lock) at") {
			t.Errorf("the dump names a holder:\n%s", text)
		}
		c.Notify(1)
		c.L.Release()
		await(ctx, t, waiter)
		if waiter.err != nil {
			t.Error(waiter.err)
		}
	})
}

// One that a goroutine took before the loop has no owner either.
func TestS24_WhatWasTakenBeforeTheLoopHasNoOwner(t *testing.T) {
	var lock asyncio.Lock
	lock.TryAcquire()
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		a := try(ctx, func(ctx context.Context) error { defer lock.Release(); return lock.Acquire(ctx) })
		turns(ctx, t, 1)
		lock.Release()
		await(ctx, t, a)
	})
}

func TestS24_TheOwnerAcquiresAgain(t *testing.T) {
	for name, again := range map[string]func(ctx context.Context, l *asyncio.Lock) error{
		"Acquire": func(ctx context.Context, l *asyncio.Lock) error { return l.Acquire(ctx) },
		"Acquire under a timeout": func(ctx context.Context, l *asyncio.Lock) error {
			ctx, cancel := asyncio.WithTimeout(ctx, time.Hour)
			defer cancel()
			return l.Acquire(ctx)
		},
		"Acquire, shielded":          func(ctx context.Context, l *asyncio.Lock) error { return l.Acquire(context.WithoutCancel(ctx)) },
		"Acquire behind another one": func(ctx context.Context, l *asyncio.Lock) error { return l.Acquire(ctx) },
		"Acquire in a coroutine": func(ctx context.Context, l *asyncio.Lock) error {
			return second(asyncio.Proc(l.Acquire).Await(ctx))
		},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				var lock asyncio.Lock
				a := asyncio.Go(ctx, func(ctx context.Context) error {
					lock.Acquire(ctx)
					defer lock.Release()
					if name == "Acquire behind another one" {
						asyncio.Go(ctx, func(ctx context.Context) error { defer lock.Release(); return lock.Acquire(ctx) })
						turns(ctx, t, 1)
					}
					n, stop := countTurns(ctx)
					defer stop()
					err := again(ctx, &lock)
					wantErr(t, name, err, asyncio.ErrDeadlock)
					wantClear(t, name, err, `task "twice"`, "lock")
					if *n != 0 || lock.TryAcquire() || !lock.Locked() {
						t.Errorf("%d turns went by, locked %v; want none, true, and TryAcquire to report false", *n, lock.Locked())
					}
					return nil
				}, asyncio.Name("twice"))
				await(ctx, t, a)
			})
		})
	}
}

// The owner ends without releasing: by return, by cancellation, by panic, by Goexit.
func TestS24_TheOwnerEndsWithoutReleasing(t *testing.T) {
	for name, end := range map[string]func(ctx context.Context) error{
		"returns":      func(ctx context.Context) error { return nil },
		"fails":        func(ctx context.Context) error { return errors.New("of its own") },
		"is cancelled": func(ctx context.Context) error { asyncio.CurrentTask(ctx).Cancel(nil); return asyncio.Sleep(ctx, 1) },
		"panics":       func(ctx context.Context) error { panic("of its own") },
		"exits":        func(ctx context.Context) error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			var waiting, late error
			how, _ := endOf(func() {
				asyncio.Run(context.Background(), func(ctx context.Context) error {
					c := asyncio.NewCondition(nil)
					lock := c.L
					gone := asyncio.Go(ctx, func(ctx context.Context) error {
						lock.Acquire(ctx)
						asyncio.Sleep(ctx, 0)
						return end(ctx)
					}, asyncio.Name("gone"))
					shielded := context.WithoutCancel(ctx) // a panic cancels the rest
					waiter := asyncio.Go(shielded, func(ctx context.Context) error {
						waiting = lock.Acquire(context.WithoutCancel(ctx)) // Goexit ends Run
						return nil
					})
					gone.Await(shielded)
					waiter.Await(shielded)
					late = lock.Acquire(shielded)
					if lock.TryAcquire() || !lock.Locked() {
						t.Error("the lock is free")
					}
					wantPanic(t, "Release by another task", lock.Release, asyncio.ErrWrongTask, `"gone"`, "has ended")
					wantPanic(t, "NotifyAll by another task", c.NotifyAll, asyncio.ErrWrongTask, `"gone"`, "has ended")
					byCallback(shielded, lock.Release)
					if err := lock.Acquire(shielded); err != nil {
						t.Errorf("Acquire after a callback released it: %v", err)
					}
					return nil
				}, asyncio.WithErrorHandler(func(asyncio.Unhandled) {}), asyncio.WithPanicsAsErrors())
			})
			if want := map[bool]string{true: itExited, false: itReturned}[name == "exits"]; how != want {
				t.Errorf("Run %s, want that it %s", how, want)
			}
			for what, err := range map[string]error{"who waited": waiting, "who came later": late} {
				wantErr(t, what, err, asyncio.ErrDeadlock)
				wantClear(t, what, err, `"gone"`, "ended")
			}
		})
	}
}

// The end of one holder ends all waits for each of its locks, in order, and no other wait.
func TestS24_AllLocksOfAnEndedTaskAreLost(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var locks [3]asyncio.Lock
		var tr trace
		gone := asyncio.Go(ctx, func(ctx context.Context) error {
			for i := range locks {
				locks[i].Acquire(ctx)
			}
			locks[1].Release()
			return asyncio.Sleep(ctx, time.Second)
		})
		turns(ctx, t, 1)
		var all []*attempt
		for i, name := range []string{"0a", "0b", "1a", "2a"} {
			lock := &locks[name[0]-'0']
			all = append(all, try(ctx, func(ctx context.Context) error {
				err := lock.Acquire(ctx)
				tr.add(name)
				if lost := errors.Is(err, asyncio.ErrDeadlock); lost != (i != 2) {
					t.Errorf("%s: %v", name, err)
				}
				if err == nil {
					lock.Release()
				}
				return nil
			}))
		}
		all[1].Cancel(nil)
		await(ctx, t, gone)
		cancelAll(ctx, all)
		tr.expect(t, "1a 2a 0a")
	})
}

// A lock does not keep the task alive that ended with it.
func TestS24_ALostLockKeepsNoTask(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		var lock asyncio.Lock
		freed := make(chan struct{})
		func() {
			task := asyncio.Go(ctx, func(ctx context.Context) error { return lock.Acquire(ctx) }, asyncio.Name("gone"))
			runtime.AddCleanup(task, func(ch chan struct{}) { close(ch) }, freed)
			await(ctx, t, task)
		}()
		asyncio.ToThread(ctx, func(context.Context) (int, error) {
			for {
				runtime.GC()
				select {
				case <-freed:
					return 0, nil
				default:
					runtime.Gosched()
				}
			}
		})
		wantClear(t, "Acquire", lock.Acquire(ctx), `"gone"`)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A lock whose holder was abandoned with its loop is lost to the next loop.
func TestS24_TheLoopOfTheOwnerHasEnded(t *testing.T) {
	var lock asyncio.Lock
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			lock.Acquire(ctx)
			defer lock.Release()
			return forever(context.WithoutCancel(ctx))
		}, asyncio.Name("left behind"))
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithShutdownTimeout(0))
	if err == nil || !strings.Contains(err.Error(), "1 task(s) did not stop") {
		t.Fatalf("Run: %v, want one abandoned task", err)
	}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		err := lock.Acquire(ctx)
		wantErr(t, "Acquire", err, asyncio.ErrDeadlock)
		wantClear(t, "Acquire", err, `"left behind"`, "loop has ended")
		wantPanic(t, "Release", lock.Release, asyncio.ErrWrongTask, `"left behind"`)
		byCallback(ctx, lock.Release)
		if err := lock.Acquire(ctx); err != nil {
			t.Error(err)
		}
		lock.Release()
	})
}

// A lock whose holder ended with its loop names it to the next loop.
func TestS24_TheOwnerHasEndedWithItsLoop(t *testing.T) {
	var lock asyncio.Lock
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) { lock.Acquire(ctx) })
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		err := lock.Acquire(ctx)
		wantErr(t, "Acquire", err, asyncio.ErrDeadlock)
		wantClear(t, "Acquire", err, `"main"`, "ended without releasing it")
	})
}

// A condition acquires the lock again for the same task, however its wait ends.
func TestS24_ConditionWaitReturnsTheLockToItsTask(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		a := tryInOrder(ctx, t, 1, func(ctx context.Context) error { return waitOn(ctx, c) })[0]
		other := holds(ctx, "other", c.L)
		a.Cancel(nil)
		turns(ctx, t, 1)
		expectLine(t, dump(t, asyncio.LoopOf(ctx)), a.Name(), 2, `waits (lock held by #3 "other")`)
		await(ctx, t, other)
		turns(ctx, t, 1)
		if a.err != context.Canceled || c.L.Locked() {
			t.Errorf("%v, locked %v; want context.Canceled, false", a.err, c.L.Locked())
		}
		cancelAll(ctx, []*attempt{a})
	})
}

// The holder ends while a notified task waits to acquire the lock again: it is the one case in which Wait
// returns without the lock.
func TestS24_ConditionWaitOfALostLock(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		a := tryInOrder(ctx, t, 1, func(ctx context.Context) error {
			if err := c.L.Acquire(ctx); err != nil {
				return err
			}
			return c.Wait(ctx)
		})[0]
		await(ctx, t, asyncio.Go(ctx, func(ctx context.Context) error {
			c.L.Acquire(ctx)
			c.Notify(1)
			return asyncio.Sleep(ctx, 0)
		}, asyncio.Name("gone")))
		await(ctx, t, a)
		wantErr(t, "Wait", a.err, asyncio.ErrDeadlock)
		wantClear(t, "Wait", a.err, `"gone"`)
	})
}

// Run's shutdown comes first for tasks that wait for a lock of main's: that main ended with it is no mistake to report.
func TestS24_MainEndsWithALock(t *testing.T) {
	var cancelled, shielded error
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		asyncio.Go(ctx, func(ctx context.Context) error { cancelled = lock.Acquire(ctx); return cancelled })
		asyncio.Go(ctx, func(ctx context.Context) error { shielded = lock.Acquire(context.WithoutCancel(ctx)); return nil })
		return asyncio.Sleep(ctx, 0)
	})
	if err != nil || cancelled != context.Canceled {
		t.Errorf("Run: %v, the waiter: %v; want nil, context.Canceled", err, cancelled)
	}
	wantErr(t, "the shielded waiter", shielded, asyncio.ErrDeadlock)
	wantClear(t, "the shielded waiter", shielded, `"main"`)
}
