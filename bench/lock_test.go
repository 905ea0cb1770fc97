package bench

import (
	"context"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// BenchmarkLock: take a Lock and release it; free, and handed between two tasks.
func BenchmarkLock(b *testing.B) {
	b.Run("free", func(b *testing.B) {
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
	for _, waiting := range []int{1, 100} {
		b.Run(map[int]string{1: "contended", 100: "contended-by-100"}[waiting], func(b *testing.B) {
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
				for range waiting {
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
	}
}

// BenchmarkAwaitPending: a task awaits another that takes a turn to end.
func BenchmarkAwaitPending(b *testing.B) {
	onLoop(b, func(ctx context.Context) error {
		for b.Loop() {
			if _, err := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) }).Await(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkGatherOfGathered: ten tasks, themselves gathered, each gather a
// thousand tasks that wait for a lock: every wait has tasks before and behind it.
func BenchmarkGatherOfGathered(b *testing.B) {
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
				var tasks []*asyncio.Task[int]
				for range 1000 {
					tasks = append(tasks, asyncio.CreateTask(ctx, inner))
				}
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return 0, err
				}
				_, err := asyncio.Gather(ctx, tasks...)
				return 1, err
			}
			if _, err := asyncio.Gather(ctx, repeat(asyncio.Coroutine[int](outer), 10)...); err != nil {
				return err
			}
		}
		return nil
	})
}

func repeat[V any](v V, n int) []V {
	all := make([]V, n)
	for i := range all {
		all[i] = v
	}
	return all
}
