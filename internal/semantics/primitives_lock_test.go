package semantics_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestLock_OneTaskAtATimeHoldsItAcrossAwaits(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		inside, most := 0, 0
		var tasks []*asyncio.Task[struct{}]
		for range 20 {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				for range 5 {
					if err := lock.Acquire(ctx); err != nil {
						return err
					}
					inside++
					most = max(most, inside)
					asyncio.Sleep(ctx, time.Second)
					inside--
					lock.Release()
				}
				return nil
			}))
		}
		start := time.Now()
		if _, err := asyncio.Gather(ctx, tasks...); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); most != 1 || took != 100*time.Second {
			t.Errorf("%d at once, all in %v; want 1 at once, 1m40s", most, took)
		}
	})
}

func TestLock_WhoeverCameFirstGetsItNext(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		var order []int
		lock.TryAcquire()
		all := make([]*attempt, 10)
		for i := range all {
			all[i] = try(ctx, func(ctx context.Context) error {
				err := lock.Acquire(ctx)
				order = append(order, i)
				lock.Release()
				return err
			})
		}
		turns(ctx, t, 1)
		lock.Release()
		turns(ctx, t, len(all))
		if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		cancelAll(ctx, all)
	})
}

// Nobody gets in between a Release and the task to which the lock went, not even the one who released it.
func TestLock_NobodyGetsInBetween(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		var tr trace
		take := func(name string) *attempt {
			return try(ctx, func(ctx context.Context) error {
				err := lock.Acquire(ctx)
				tr.add(name)
				asyncio.Sleep(ctx, time.Second)
				lock.Release()
				return err
			})
		}
		lock.TryAcquire()
		waiter := take("waiter")
		turns(ctx, t, 1)
		lock.Release()
		if lock.TryAcquire() {
			t.Error("TryAcquire took the lock that was handed over")
		}
		if !lock.Locked() {
			t.Error("Locked: false, although the lock was handed over")
		}
		newcomer := take("newcomer")
		turns(ctx, t, 3)
		tr.expect(t, "waiter")
		lock.Acquire(ctx)
		tr.add("own")
		lock.Release()
		cancelAll(ctx, []*attempt{waiter, newcomer})
		tr.expect(t, "waiter newcomer own")
	})
}

func TestLock_AFreeLockCostsNoTurn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		n, stop := countTurns(ctx)
		defer stop()
		for range 3 {
			if err := lock.Acquire(ctx); err != nil {
				t.Error(err)
			}
			if !lock.Locked() || lock.TryAcquire() {
				t.Error("an acquired lock is not held")
			}
			lock.Release()
			if lock.Locked() {
				t.Error("a released lock is held")
			}
			if !lock.TryAcquire() || !lock.Locked() {
				t.Error("TryAcquire of a free lock failed")
			}
			lock.Release()
		}
		if *n != 0 {
			t.Errorf("%d turns went by, want none", *n)
		}
	})
}

// The hand-over costs one turn (S1): it never runs inline.
func TestLock_AHandOverCostsOneTurn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		lock.TryAcquire()
		a := tryInOrder(ctx, t, 1, lock.Acquire)[0]
		lock.Release()
		if a.over {
			t.Error("the waiter ran within Release")
		}
		turns(ctx, t, 1)
		if !a.over {
			t.Error("the waiter did not run in the next turn")
		}
		await(ctx, t, a)
	})
}

func TestLock_ReleaseOfWhatIsNotHeldPanics(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		for range 2 {
			wantClearPanic(t, "Release", lock.Release, "Lock.Release", "not held")
			if lock.Locked() || !lock.TryAcquire() {
				t.Error("the panic changed the lock")
			}
			lock.Release()
		}
	})
}

// A lock is state of the loop, not of a goroutine: a task that is parked with it holds up nothing but who asks for it.
func TestLock_HoldingItBlocksNobodyElse(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		lock.TryAcquire()
		all := tryInOrder(ctx, t, 1000/fewer, lock.Acquire)
		start := time.Now()
		if err := asyncio.Sleep(ctx, time.Second); err != nil || time.Since(start) != time.Second {
			t.Errorf("Sleep: %v after %v", err, time.Since(start))
		}
		cancelAll(ctx, all)
		lock.Release()
	})
}
