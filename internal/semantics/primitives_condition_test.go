package semantics_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestCondition_NewMakesALockOrTakesOne(t *testing.T) {
	var lock asyncio.Lock
	if c := asyncio.NewCondition(&lock); c.L != &lock {
		t.Error("L is not the lock given")
	}
	if c := asyncio.NewCondition(nil); c.L == nil || c.L == asyncio.NewCondition(nil).L {
		t.Error("L is not a lock of its own")
	}
}

func TestCondition_WaitReleasesTheLockAndAcquiresItAgain(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		var tr trace
		waiter := try(ctx, func(ctx context.Context) error {
			c.L.Acquire(ctx)
			tr.add("waits")
			err := c.Wait(ctx)
			tr.add("notified")
			if !c.L.Locked() {
				t.Error("Wait returned without the lock")
			}
			c.L.Release()
			return err
		})
		turns(ctx, t, 1)
		if c.L.Locked() {
			t.Error("Wait holds the lock")
		}
		c.L.TryAcquire()
		c.Notify(1)
		turns(ctx, t, 3)
		tr.add("releases") // only now can the waiter go on
		c.L.Release()
		await(ctx, t, waiter)
		tr.expect(t, "waits releases notified")
		if waiter.err != nil || c.L.Locked() {
			t.Errorf("%v, locked %v", waiter.err, c.L.Locked())
		}
	})
}

func TestCondition_NotifyWakesTheLongestWaiting(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		all := tryInOrder(ctx, t, 7, func(ctx context.Context) error { return waitOn(ctx, c) })
		for _, step := range []struct {
			n    int
			want string
		}{{0, "0000000"}, {1, "1000000"}, {2, "1110000"}, {0, "1110000"}, {3, "1111110"}, {100, "1111111"}, {1, "1111111"}} {
			notify(c, step.n)
			asyncio.Sleep(ctx, time.Second)
			if got := over(all); got != step.want {
				t.Errorf("Notify(%d): over %s, want %s", step.n, got, step.want)
			}
		}
		late := try(ctx, func(ctx context.Context) error { return waitOn(ctx, c) })
		asyncio.Sleep(ctx, time.Second)
		if late.over {
			t.Error("a notification that nobody waited for was kept")
		}
		cancelAll(ctx, append(all, late))
	})
}

func TestCondition_NotifyAllWakesAllWhoWaitNow(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		var order []int
		for i := range 5 {
			asyncio.Go(ctx, func(ctx context.Context) error {
				c.L.Acquire(ctx)
				defer c.L.Release()
				err := c.Wait(ctx)
				order = append(order, i)
				if i == 0 { // who waits again from here was not meant
					err = errors.Join(err, c.Wait(ctx))
					order = append(order, -1)
				}
				return err
			})
		}
		turns(ctx, t, 1)
		c.L.TryAcquire()
		c.NotifyAll()
		c.L.Release()
		asyncio.Sleep(ctx, time.Second)
		if !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
			t.Errorf("order %v, want 0 to 4", order)
		}
		notify(c, 1)
		asyncio.Sleep(ctx, time.Second)
		if len(order) != 6 {
			t.Errorf("order %v, want -1 at the end", order)
		}
	})
}

// S15, and the sentence that matters most: Wait returns with the lock held in every case.
func TestCondition_WaitReturnsWithTheLockHeldInEveryCase(t *testing.T) {
	holds := func(c *asyncio.Condition, then func()) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			if err := c.L.Acquire(ctx); err != nil {
				return err
			}
			err := c.Wait(ctx)
			then()
			c.L.Release() // panics if it is not held
			return err
		}
	}
	for name, race := range map[string]struct {
		do   func(ctx context.Context, c *asyncio.Condition, a *attempt)
		want error
	}{
		"notified": {func(ctx context.Context, c *asyncio.Condition, a *attempt) { c.Notify(1) }, nil},
		"notified, then cancelled": {func(ctx context.Context, c *asyncio.Condition, a *attempt) {
			c.Notify(1)
			a.Cancel(nil)
		}, nil},
		"notified, then cancelled while it waits for the lock": {func(ctx context.Context, c *asyncio.Condition, a *attempt) {
			c.Notify(1)
			asyncio.Sleep(ctx, time.Second)
			a.Cancel(nil)
			a.Cancel(nil)
		}, nil},
		"cancelled, then notified": {func(ctx context.Context, c *asyncio.Condition, a *attempt) {
			a.Cancel(nil)
			c.Notify(1)
		}, context.Canceled},
		"cancelled, and again while it waits for the lock": {func(ctx context.Context, c *asyncio.Condition, a *attempt) {
			a.Cancel(nil)
			asyncio.Sleep(ctx, time.Second)
			a.Cancel(nil)
			asyncio.Sleep(ctx, time.Second)
			a.Cancel(nil)
		}, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				c := asyncio.NewCondition(nil)
				mine := false
				a := tryInOrder(ctx, t, 1, holds(c, func() {
					if mine {
						t.Error("Wait returned while another task held the lock")
					}
				}))[0]
				c.L.TryAcquire()
				mine = true
				race.do(ctx, c, a)
				asyncio.Sleep(ctx, time.Minute)
				if a.over {
					t.Error("Wait returned before the lock was free")
				}
				mine = false
				c.L.Release()
				await(ctx, t, a)
				wantNext := context.Canceled
				if name == "notified" {
					wantNext = nil
				}
				if a.err != race.want || a.next != wantNext || c.L.Locked() {
					t.Errorf("%v, next await %v, locked %v; want %v, %v, false", a.err, a.next, c.L.Locked(), race.want, wantNext)
				}
			})
		})
	}
}

// On entry a cancelled ctx wins: nothing is released then.
func TestCondition_WaitWithACancelledContextKeepsTheLock(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		c.L.TryAcquire()
		other := try(ctx, c.L.Acquire)
		for _, way := range waysToCancel() {
			cancelled, end := way.make(ctx)
			end()
			asyncio.Sleep(ctx, way.after+1)
			if err := c.Wait(cancelled); err != way.want {
				t.Errorf("%s: Wait: %v, want %v", way.name, err, way.want)
			}
			if err := c.WaitFor(cancelled, func() bool { t.Error("pred was called"); return true }); err != way.want {
				t.Errorf("%s: WaitFor: %v, want %v", way.name, err, way.want)
			}
			if other.over {
				t.Fatalf("%s: the lock was released meanwhile", way.name)
			}
		}
		c.L.Release()
		await(ctx, t, other)
	})
}

func TestCondition_WaitForWaitsUntilThePredicateHolds(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		n, asked := 0, 0
		waiter := try(ctx, func(ctx context.Context) error {
			c.L.Acquire(ctx)
			defer c.L.Release()
			err := c.WaitFor(ctx, func() bool {
				if !c.L.Locked() {
					t.Error("pred was called without the lock")
				}
				asked++
				return n >= 3
			})
			if n != 3 {
				t.Errorf("WaitFor returned with n == %d", n)
			}
			return err
		})
		for range 3 {
			asyncio.Sleep(ctx, time.Second)
			c.L.Acquire(ctx)
			n++
			c.NotifyAll()
			c.L.Release()
		}
		await(ctx, t, waiter)
		if waiter.err != nil || asked != 4 {
			t.Errorf("%v after %d calls of pred, want nil after 4", waiter.err, asked)
		}
	})
}

func TestCondition_WaitForOfWhatHoldsCostsNoTurn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		c.L.TryAcquire()
		n, stop := countTurns(ctx)
		defer stop()
		if err := c.WaitFor(ctx, func() bool { return true }); err != nil || *n != 0 || !c.L.Locked() {
			t.Errorf("%v, %d turns, locked %v; want nil, 0, true", err, *n, c.L.Locked())
		}
	})
}

// A predicate that holds when the cancelled waiter is notified is not lost: the hand-over wins (S15).
func TestCondition_WaitForAndCancel(t *testing.T) {
	for _, holds := range []bool{true, false} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			c := asyncio.NewCondition(nil)
			done := false
			a := tryInOrder(ctx, t, 1, func(ctx context.Context) error {
				c.L.Acquire(ctx)
				defer c.L.Release()
				return c.WaitFor(ctx, func() bool { return done })
			})[0]
			done = holds
			notify(c, 1)
			a.Cancel(nil)
			await(ctx, t, a)
			want := map[bool]error{false: context.Canceled}[holds]
			if a.err != want || a.next != context.Canceled || c.L.Locked() {
				t.Errorf("holds %v: %v, next await %v, locked %v; want %v", holds, a.err, a.next, c.L.Locked(), want)
			}
		})
	}
}

func TestCondition_SeveralShareALock(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		a, b := asyncio.NewCondition(&lock), asyncio.NewCondition(&lock)
		onA := tryInOrder(ctx, t, 2, func(ctx context.Context) error { return waitOn(ctx, a) })
		onB := tryInOrder(ctx, t, 2, func(ctx context.Context) error { return waitOn(ctx, b) })
		lock.TryAcquire()
		b.NotifyAll()
		lock.Release()
		asyncio.Sleep(ctx, time.Second)
		if over(onA) != "00" || over(onB) != "11" {
			t.Errorf("NotifyAll of b: over %s and %s, want 00 and 11", over(onA), over(onB))
		}
		cancelAll(ctx, append(onA, onB...))
	})
}

func TestCondition_WithoutTheLockEveryCallPanics(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c := asyncio.NewCondition(nil)
		a := tryInOrder(ctx, t, 1, func(ctx context.Context) error { return waitOn(ctx, c) })[0]
		pred := func() bool { t.Error("pred was called without the lock"); return true }
		wantClearPanic(t, "Wait", func() { c.Wait(ctx) }, "Condition.Wait", "lock is not held")
		wantClearPanic(t, "WaitFor", func() { c.WaitFor(ctx, pred) }, "Condition.Wait", "lock is not held")
		dead, cancel := context.WithCancel(ctx)
		cancel()
		wantClearPanic(t, "Wait, cancelled", func() { c.Wait(dead) }, "Condition.Wait", "lock is not held")
		wantClearPanic(t, "WaitFor, cancelled", func() { c.WaitFor(dead, pred) }, "Condition.WaitFor", "lock is not held")
		wantClearPanic(t, "Notify", func() { c.Notify(1) }, "Condition.Notify", "lock is not held")
		wantClearPanic(t, "Notify(0)", func() { c.Notify(0) }, "Condition.Notify", "lock is not held")
		wantClearPanic(t, "NotifyAll", c.NotifyAll, "Condition.NotifyAll", "lock is not held")
		wantClearPanic(t, "Notify(-1)", func() { locked(c, func() { c.Notify(-1) }) }, "Condition.Notify(-1)", "at least 0")
		wantClear(t, "WaitFor(nil)", c.WaitFor(ctx, nil), "Condition.WaitFor", "nil predicate")
		turns(ctx, t, 2)
		if a.over || c.L.Locked() {
			t.Errorf("the misuse had an effect: over %v, locked %v", a.over, c.L.Locked())
		}
		cancelAll(ctx, []*attempt{a})
	})
}

// locked runs fn with the condition's lock, also if it panics.
func locked(c *asyncio.Condition, fn func()) {
	c.L.TryAcquire()
	defer c.L.Release()
	fn()
}
