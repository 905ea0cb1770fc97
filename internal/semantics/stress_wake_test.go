package semantics_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The same on a real loop, which really sleeps and is woken. Where a wake-up was lost, the time-out above Run
// ends the test with an error.

// runBounded runs main and fails the test if it does not end by itself.
func runBounded(t *testing.T, main func(ctx context.Context) error) {
	t.Helper()
	noGoroutinesLeft(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := asyncio.Run(ctx, main); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// The loop falls asleep between any two calls: each has to wake it.
func TestStress_NoWakeUpIsLost(t *testing.T) {
	const rounds = 20_000/fewer + 1000
	runBounded(t, func(ctx context.Context) error {
		l := asyncio.LoopOf(ctx)
		for _, wake := range []func(f *asyncio.Future[int]){
			func(f *asyncio.Future[int]) { f.SetResult(1) },
			func(f *asyncio.Future[int]) { l.CallSoonThreadsafe(func() { f.SetResult(1) }) },
			func(f *asyncio.Future[int]) {
				asyncio.Submit(l, func(context.Context) (int, error) { f.SetResult(1); return 1, nil })
			},
		} {
			requests := make(chan *asyncio.Future[int])
			go func() {
				for f := range requests {
					wake(f)
				}
			}()
			for range rounds {
				f := asyncio.NewFuture[int](ctx)
				requests <- f
				if _, err := f.Await(ctx); err != nil {
					return err
				}
			}
			close(requests)
		}
		return nil
	})
}

func TestStress_PostsFromManyGoroutinesAllRun(t *testing.T) {
	const senders, each = 8, 20_000/fewer + 500
	runBounded(t, func(ctx context.Context) error {
		l := asyncio.LoopOf(ctx)
		counts := make([]int, senders) // written by the loop only
		all := asyncio.NewFuture[int](ctx)
		left := senders * each
		for i := range senders {
			go func() {
				for n := range each {
					err := l.CallSoonThreadsafe(func() {
						if counts[i] != n {
							t.Errorf("sender %d: call %d came as number %d", i, n, counts[i])
						}
						counts[i]++
						if left--; left == 0 {
							all.SetResult(1)
						}
					})
					if err != nil {
						t.Errorf("CallSoonThreadsafe: %v", err)
					}
				}
			}()
		}
		return second(all.Await(ctx))
	})
}

// Posts race with the end of the loop: each runs or is refused, none is accepted and forgotten.
func TestStress_PostsAtTheEndOfALoop(t *testing.T) {
	noGoroutinesLeft(t)
	for range 500/fewer + 20 {
		var accepted, ran, refused atomic.Int64
		var others sync.WaitGroup
		l := asyncio.NewLoop()
		for range 4 {
			others.Go(func() {
				for l.CallSoonThreadsafe(func() { ran.Add(1) }) == nil {
					accepted.Add(1)
				}
				refused.Add(1)
			})
		}
		if err := l.Run(t.Context(), func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) }); err != nil {
			t.Errorf("Run: %v", err)
		}
		others.Wait()
		if accepted.Load() != ran.Load() || refused.Load() != 4 {
			t.Fatalf("%d posts were accepted, %d ran, %d senders were refused", accepted.Load(), ran.Load(), refused.Load())
		}
	}
}

// Awaiters of all kinds race with the end of the loop: each gets an answer.
func TestStress_AwaitsAtTheEndOfALoop(t *testing.T) {
	runBounded(t, func(ctx context.Context) error {
		for range 300/fewer + 10 {
			other := asyncio.NewLoop()
			var awaiters sync.WaitGroup
			tasks := make([]*asyncio.Task[int], 4)
			for i := range tasks {
				tasks[i] = asyncio.Submit(other, func(ctx context.Context) (int, error) { return i, asyncio.Sleep(ctx, 1<<i) })
				awaiters.Go(func() { tasks[i].Await(context.Background()) })
			}
			awaiters.Go(func() {
				other.Run(context.Background(), func(ctx context.Context) error { return asyncio.Sleep(ctx, 2) })
			})
			asyncio.GatherResults(ctx, tasks...)
			if err := offLoop(ctx, func(context.Context) error { awaiters.Wait(); return nil }); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}
