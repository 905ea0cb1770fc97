//go:build !race && !386 && !arm && !mips && !mipsle

package asyncio_test

import (
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

func endless(yield func(int) bool) {
	for i := 0; yield(i); i++ {
	}
}

// What the hot paths allocate, pinned: one object more on one of them is seen here before
// it is seen in a benchmark. A path that gets cheaper fails too, so that the number is
// made smaller. The race detector allocates on its own.
func TestAllocationsOfTheHotPaths(t *testing.T) {
	type path struct {
		name string
		want float64
		run  func(ctx context.Context) func() // prepares, and returns what is measured
	}
	// beside has a second task do its part of an exchange, again and again, until the measuring is over.
	beside := func(ctx context.Context, part func(ctx context.Context) error) {
		asyncio.Go(ctx, func(ctx context.Context) error {
			for part(ctx) == nil {
			}
			return ctx.Err()
		})
	}
	nothing := asyncio.Coroutine[int](func(context.Context) (int, error) { return 1, nil })
	for _, p := range []path{
		{"Sleep(ctx, 0)", 0, func(ctx context.Context) func() { return func() { asyncio.Sleep(ctx, 0) } }},
		{"Sleep of a nanosecond", 0, func(ctx context.Context) func() { return func() { asyncio.Sleep(ctx, 1) } }},
		{"Checkpoint", 0, func(ctx context.Context) func() { return func() { asyncio.Checkpoint(ctx) } }},
		{"await of a coroutine", 0, func(ctx context.Context) func() { return func() { nothing.Await(ctx) } }},
		{"await of a task that has ended", 0, func(ctx context.Context) func() {
			done := asyncio.CreateTask(ctx, nothing)
			done.Await(ctx)
			return func() { done.Await(ctx) }
		}},
		{"create a task and await it", 1, func(ctx context.Context) func() {
			return func() { asyncio.CreateTask(ctx, nothing).Await(ctx) }
		}},
		{"Go and await", 2, func(ctx context.Context) func() {
			return func() { asyncio.Go(ctx, func(context.Context) error { return nil }).Await(ctx) }
		}},
		{"future made, set and awaited", 1, func(ctx context.Context) func() {
			return func() {
				f := asyncio.NewFuture[int](ctx)
				f.SetResult(1)
				f.Await(ctx)
			}
		}},
		{"gather of ten coroutines", 5, func(ctx context.Context) func() {
			ten := make([]asyncio.Coroutine[int], 10)
			for i := range ten {
				ten[i] = nothing
			}
			return func() { asyncio.Gather(ctx, ten...) }
		}},
		{"lock, free", 0, func(ctx context.Context) func() {
			var l asyncio.Lock
			return func() { l.Acquire(ctx); l.Release() }
		}},
		{"lock, handed to and fro", 0, func(ctx context.Context) func() {
			var l asyncio.Lock
			step := func(ctx context.Context) error {
				if err := l.Acquire(ctx); err != nil {
					return err
				}
				err := asyncio.Sleep(ctx, 0)
				l.Release()
				return err
			}
			beside(ctx, step)
			return func() { step(ctx) }
		}},
		{"event, set and awaited", 0, func(ctx context.Context) func() {
			var there, back asyncio.Event
			beside(ctx, func(ctx context.Context) error {
				err := there.Wait(ctx)
				there.Clear()
				back.Set()
				return err
			})
			return func() { there.Set(); back.Wait(ctx); back.Clear() }
		}},
		{"queue, there and back", 0, func(ctx context.Context) func() {
			there, back := asyncio.NewQueue[int](1), asyncio.NewQueue[int](1)
			beside(ctx, func(ctx context.Context) error {
				v, err := there.Get(ctx)
				if err != nil {
					return err
				}
				return back.Put(ctx, v)
			})
			return func() { there.Put(ctx, 1); back.Get(ctx) }
		}},
		{"semaphore, free", 0, func(ctx context.Context) func() {
			s := asyncio.NewSemaphore(1)
			return func() { s.Acquire(ctx); s.Release() }
		}},
		{"WithTimeout around an await", 3, func(ctx context.Context) func() {
			return func() {
				ctx, cancel := asyncio.WithTimeout(ctx, time.Hour)
				asyncio.Sleep(ctx, 0)
				cancel()
			}
		}},
		{"task group of one task", 3, func(ctx context.Context) func() {
			return func() {
				asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					asyncio.CreateTask(ctx, nothing)
					return nil
				})
			}
		}},
		{"timer, set and cancelled", 2, func(ctx context.Context) func() {
			loop := asyncio.LoopOf(ctx)
			return func() { loop.CallLater(time.Hour, func() {}).Cancel() }
		}},
		{"callback from another goroutine", 0, func(ctx context.Context) func() {
			loop := asyncio.LoopOf(ctx)
			return func() { loop.CallSoonThreadsafe(func() {}); asyncio.Sleep(ctx, 0) }
		}},
		{"next of Pull", 0, func(context.Context) func() {
			next, stop := asyncio.Pull(endless)
			t.Cleanup(stop)
			return func() { next() }
		}},
		{"next of Pull2", 0, func(context.Context) func() {
			next, stop := asyncio.Pull2(func(yield func(int, int) bool) { endless(func(i int) bool { return yield(i, i) }) })
			t.Cleanup(stop)
			return func() { next() }
		}},
		{"ToThread", 2, func(ctx context.Context) func() {
			return func() { asyncio.ToThread(ctx, nothing) }
		}},
	} {
		t.Run(p.name, func(t *testing.T) {
			err := asyncio.Run(t.Context(), func(ctx context.Context) error {
				fn := p.run(ctx)
				if n := testing.AllocsPerRun(500, fn); n != p.want {
					t.Errorf("%v allocations, want %v", n, p.want)
				}
				return nil
			}, asyncio.WithStallThreshold(0))
			if err != nil {
				t.Error(err)
			}
		})
	}
}
