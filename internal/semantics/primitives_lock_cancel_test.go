package semantics_test

import (
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S15 for the Lock: it is not lost to a cancellation, whenever that comes. See primitives_cancellation_test.go
// for the primitives that another task serves.

// use holds the lock for a second.
func use(lock *asyncio.Lock) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		if err := lock.Acquire(ctx); err != nil {
			return err
		}
		defer lock.Release()
		asyncio.Sleep(context.WithoutCancel(ctx), time.Second)
		return nil
	}
}

func TestS15_ALockThatWasHandedOverWinsOverACancelInTheSameTurn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		all := tryInOrder(ctx, t, 3, use(&lock))
		lock.Release()
		all[0].Cancel(nil)
		all[1].Cancel(nil)
		if lock.TryAcquire() {
			t.Error("the lock is there a second time")
		}
		asyncio.Sleep(ctx, time.Minute)
		if got := over(all); got != "111" || all[0].err != nil || all[0].next != context.Canceled || all[1].err != context.Canceled || all[2].err != nil {
			t.Errorf("over %s, %v, %v, %v; want the first and the third to have had it", got, all[0].err, all[1].err, all[2].err)
		}
		if lock.Locked() {
			t.Error("the lock is not free")
		}
	})
}

func TestS15_TheOrderForALockSurvivesAnyoneLeaving(t *testing.T) {
	const n = 5
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for leaving := range 1 << n {
			var lock asyncio.Lock
			lock.Acquire(ctx)
			all := tryInOrder(ctx, t, n, use(&lock))
			want := make([]byte, n)
			for i, a := range all {
				want[i] = '0'
				if leaving>>i&1 == 1 {
					a.Cancel(nil)
					want[i] = '1'
				}
			}
			lock.Release()
			for i, a := range all {
				if leaving>>i&1 == 1 {
					continue
				}
				want[i] = '1'
				asyncio.Sleep(ctx, time.Second)
				turns(ctx, t, 1)
				if got := over(all); got != string(want) || a.err != nil {
					t.Fatalf("%05b leave: over %s, want %s; %v", leaving, got, want, a.err)
				}
			}
			cancelAll(ctx, all)
			if lock.Locked() {
				t.Fatalf("%05b leave: the lock is not free", leaving)
			}
		}
	})
}

// S13, S15: on entry a cancelled ctx wins, and a free lock stays free.
func TestS15_OnEntryACancelledContextTakesNoLock(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for _, way := range waysToCancel() {
			c, end := way.make(ctx)
			end()
			asyncio.Sleep(ctx, way.after+1)
			var lock asyncio.Lock
			if err := lock.Acquire(c); err != way.want || lock.Locked() {
				t.Errorf("%s: %v, locked %v; want %v, false", way.name, err, lock.Locked(), way.want)
			}
		}
	})
}

// S18: under whatever context a task waits, its end ends the wait, and nothing of the waiter stays behind.
func TestS18_AnyContextEndsTheWaitForALock(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for _, way := range waysToCancel() {
			var lock asyncio.Lock
			holder := holds(ctx, "holder", &lock)
			start := time.Now()
			c, end := way.make(ctx)
			asyncio.LoopOf(ctx).CallLater(time.Minute, end)
			err := lock.Acquire(c)
			if took := time.Since(start); err != way.want || way.after > 0 && took != way.after {
				t.Errorf("%s: %v after %v, want %v after %v", way.name, err, took, way.want, way.after)
			}
			await(ctx, t, holder)
			if lock.Locked() {
				t.Errorf("%s: the lock went to the one who had left", way.name)
			}
		}
	})
}

// What an abandoned task waited for is not handed to it after its loop has ended.
func TestS20_ALockThatAnAbandonedTaskWaitedForGoesToTheNextLoop(t *testing.T) {
	var lock asyncio.Lock
	lock.TryAcquire()
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { return lock.Acquire(context.WithoutCancel(ctx)) })
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithShutdownTimeout(0))
	if err == nil {
		t.Fatal("no task was abandoned")
	}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		a := try(ctx, use(&lock))
		turns(ctx, t, 1)
		lock.Release()
		await(ctx, t, a)
		if a.err != nil || lock.Locked() {
			t.Errorf("%v, locked %v; want nil, false", a.err, lock.Locked())
		}
	})
}
