package bench

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// BenchmarkLock acquires a free lock and releases it.
func BenchmarkLock(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			var l asyncio.Lock
			for b.Loop() {
				if err := l.Acquire(ctx); err != nil {
					return err
				}
				l.Release()
			}
			return nil
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		var l sync.Mutex
		for b.Loop() {
			l.Lock()
			l.Unlock() //lint:ignore SA2001 the benchmark measures only the lock
		}
	})
}

// contenders is the number of tasks that wait in BenchmarkLockContended.
const contenders = 100

// BenchmarkLockContended runs 101 tasks that acquire one lock in turn. Each yields while it
// holds the lock.
func BenchmarkLockContended(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			var l asyncio.Lock
			over := false
			step := func(ctx context.Context) error {
				if err := l.Acquire(ctx); err != nil {
					return err
				}
				defer l.Release()
				return asyncio.Sleep(ctx, 0)
			}
			for range contenders {
				asyncio.Go(ctx, func(ctx context.Context) error {
					for !over {
						if err := step(ctx); err != nil {
							return err
						}
					}
					return nil
				})
			}
			for b.Loop() {
				if err := step(ctx); err != nil {
					return err
				}
			}
			over = true
			return nil
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		turn := make(chan struct{}, 1) // first in, first out, like the Lock
		turn <- struct{}{}
		step := func() {
			<-turn
			runtime.Gosched()
			turn <- struct{}{}
		}
		var over sync.WaitGroup
		stop := make(chan struct{})
		for range contenders {
			over.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						step()
					}
				}
			})
		}
		for b.Loop() {
			step()
		}
		close(stop)
		over.Wait()
	})
}

// BenchmarkAwaitPending starts a task that yields once, and awaits it.
func BenchmarkAwaitPending(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			for b.Loop() {
				if _, err := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) }).Await(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		for b.Loop() {
			done := make(chan struct{})
			go func() {
				runtime.Gosched()
				close(done)
			}()
			<-done
		}
	})
}

// gathered is the number of tasks in BenchmarkGatherOfGathered: ten gathers of 1,000 each.
const gathered = 10_000

// BenchmarkGatherOfGathered gathers ten gathers of 1,000 tasks, all of which acquire one lock.
// The search for wait cycles finds tasks in both directions of each wait.
func BenchmarkGatherOfGathered(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			for b.Loop() {
				var l asyncio.Lock
				inner := func(ctx context.Context) (int, error) {
					if err := l.Acquire(ctx); err != nil {
						return 0, err
					}
					defer l.Release()
					return 1, asyncio.Sleep(ctx, 0)
				}
				outer := func(ctx context.Context) (int, error) {
					tasks := make([]*asyncio.Task[int], gathered/10)
					for i := range tasks {
						tasks[i] = asyncio.CreateTask(ctx, inner)
					}
					if err := asyncio.Sleep(ctx, 0); err != nil {
						return 0, err
					}
					_, err := asyncio.Gather(ctx, tasks...)
					return 1, err
				}
				outers := make([]asyncio.Coroutine[int], 10)
				for i := range outers {
					outers[i] = outer
				}
				if _, err := asyncio.Gather(ctx, outers...); err != nil {
					return err
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/gathered, "ns/task")
			return nil
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		for b.Loop() {
			turn := make(chan struct{}, 1)
			turn <- struct{}{}
			var outer sync.WaitGroup
			for range 10 {
				outer.Go(func() {
					var inner sync.WaitGroup
					for range gathered / 10 {
						inner.Go(func() {
							<-turn
							runtime.Gosched()
							turn <- struct{}{}
						})
					}
					inner.Wait()
				})
			}
			outer.Wait()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/gathered, "ns/task")
	})
}
