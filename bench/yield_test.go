package bench

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// BenchmarkYield1: one task gives up its turn while nothing else is ready.
func BenchmarkYield1(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			for b.Loop() {
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			return nil
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		for b.Loop() {
			runtime.Gosched()
		}
	})
	b.Run("floor", func(b *testing.B) {
		next, stop := iter.Pull(func(yield func(struct{}) bool) {
			for yield(struct{}{}) {
			}
		})
		defer stop()
		for b.Loop() {
			next()
		}
	})
}

// yielders is the number of tasks that take turns in BenchmarkYield100.
const yielders = 100

// BenchmarkYield100: a hundred tasks give up their turns to one another.
func BenchmarkYield100(b *testing.B) {
	b.Run("asyncio", yield100Asyncio)
	b.Run("goroutine", yield100Goroutine)
	b.Run("floor", yield100Floor)
}

// turnsEach is how often each yielder yields, so that b.N yields are made.
func turnsEach(b *testing.B) int { return (b.N + yielders - 1) / yielders }

func yield100Asyncio(b *testing.B) {
	turns := turnsEach(b)
	onLoop(b, func(ctx context.Context) error {
		b.ResetTimer()
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range yielders {
				asyncio.Go(ctx, func(ctx context.Context) error {
					for range turns {
						if err := asyncio.Sleep(ctx, 0); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return nil
		})
	})
}

func yield100Goroutine(b *testing.B) {
	turns := turnsEach(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for range yielders {
		wg.Go(func() {
			for range turns {
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
}

func yield100Floor(b *testing.B) {
	turns := turnsEach(b)
	var r ring
	for range yielders {
		r.start(func(self *coroutine) {
			for range turns {
				r.giveTurn(self)
			}
		})
	}
	b.ResetTimer()
	r.run()
}

// checks is the number of checks in one iteration of BenchmarkCheckpoint: one
// costs about as much as asking the benchmark whether to go on.
const checks = 1000

// BenchmarkCheckpoint: a computation asks, each round, whether it must let
// others go on, and need not. A goroutine never needs to ask that; what it asks
// in such a loop is whether its context has ended.
func BenchmarkCheckpoint(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			for b.Loop() {
				for range checks {
					if err := asyncio.Checkpoint(ctx); err != nil {
						return err
					}
				}
			}
			perPart(b, checks, "ns/check")
			return nil
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for b.Loop() {
			for range checks {
				if err := ctx.Err(); err != nil {
					b.Fatal(err)
				}
			}
		}
		perPart(b, checks, "ns/check")
	})
}
