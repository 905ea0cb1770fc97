package bench

import (
	"context"
	"sync"
	"testing"

	"github.com/sourcegraph/conc"
	"golang.org/x/sync/errgroup"

	"github.com/asyncio-go/asyncio"
)

// BenchmarkCreateAwait: start a task that returns a number at once, and wait
// for that number; then the next.
func BenchmarkCreateAwait(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			sum, rounds := 0, 0
			for b.Loop() {
				one, err := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return 1, nil }).Await(ctx)
				if err != nil {
					return err
				}
				sum += one
				rounds++
			}
			if sum != rounds {
				return wrongCount(sum, rounds)
			}
			return nil
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		sum, rounds := 0, 0
		for b.Loop() {
			result := make(chan int, 1)
			go func() { result <- 1 }()
			sum += <-result
			rounds++
		}
		if sum != rounds {
			b.Fatal(wrongCount(sum, rounds))
		}
	})
	b.Run("errgroup", func(b *testing.B) {
		sum, rounds := 0, 0
		for b.Loop() {
			var g errgroup.Group
			g.Go(func() error { sum++; return nil })
			if err := g.Wait(); err != nil {
				b.Fatal(err)
			}
			rounds++
		}
		if sum != rounds {
			b.Fatal(wrongCount(sum, rounds))
		}
	})
	b.Run("conc", func(b *testing.B) {
		sum, rounds := 0, 0
		for b.Loop() {
			var wg conc.WaitGroup
			wg.Go(func() { sum++ })
			wg.Wait()
			rounds++
		}
		if sum != rounds {
			b.Fatal(wrongCount(sum, rounds))
		}
	})
}

// crowd is the number of tasks in one gather or group.
const crowd = 10_000

// crowdRow repeats pass, which runs a crowd of tasks. The first pass is not
// timed: it makes the stacks that the others find.
func crowdRow(b *testing.B, pass func() error) error {
	if err := pass(); err != nil {
		return err
	}
	for b.Loop() {
		if err := pass(); err != nil {
			return err
		}
	}
	perPart(b, crowd, "ns/task")
	return nil
}

// crowdBench is crowdRow for a contender that needs no loop.
func crowdBench(pass func() error) func(b *testing.B) {
	return func(b *testing.B) {
		if err := crowdRow(b, pass); err != nil {
			b.Fatal(err)
		}
	}
}

// inOrder checks the results of a crowd whose task i returned i.
func inOrder(results []int) error {
	if len(results) != crowd {
		return wrongCount(len(results), crowd)
	}
	for i, r := range results {
		if r != i {
			return wrongCount(i, crowd)
		}
	}
	return nil
}

// BenchmarkGather10k: start ten thousand tasks that return at once, and collect
// their results in order.
func BenchmarkGather10k(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			return crowdRow(b, func() error {
				coros := make([]asyncio.Coroutine[int], crowd)
				for i := range coros {
					coros[i] = func(context.Context) (int, error) { return i, nil }
				}
				results, err := asyncio.Gather(ctx, coros...)
				if err != nil {
					return err
				}
				return inOrder(results)
			})
		})
	})
	b.Run("goroutine", crowdBench(func() error {
		results := make([]int, crowd)
		var wg sync.WaitGroup
		for i := range crowd {
			wg.Go(func() { results[i] = i })
		}
		wg.Wait()
		return inOrder(results)
	}))
	b.Run("errgroup", crowdBench(func() error {
		results := make([]int, crowd)
		var g errgroup.Group
		for i := range crowd {
			g.Go(func() error { results[i] = i; return nil })
		}
		if err := g.Wait(); err != nil {
			return err
		}
		return inOrder(results)
	}))
	b.Run("conc", crowdBench(func() error {
		results := make([]int, crowd)
		var wg conc.WaitGroup
		for i := range crowd {
			wg.Go(func() { results[i] = i })
		}
		wg.Wait()
		return inOrder(results)
	}))
}

// BenchmarkTaskGroup10k: ten thousand tasks without results under one owner
// that cancels them all when one fails, which none does. Each marks its place.
func BenchmarkTaskGroup10k(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			return crowdRow(b, func() error {
				marks := make([]int, crowd)
				err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					for i := range marks {
						asyncio.Go(ctx, func(context.Context) error { marks[i] = i; return nil })
					}
					return nil
				})
				if err != nil {
					return err
				}
				return inOrder(marks)
			})
		})
	})
	b.Run("goroutine", crowdBench(func() error {
		marks := make([]int, crowd)
		var wg sync.WaitGroup
		for i := range marks {
			wg.Go(func() { marks[i] = i })
		}
		wg.Wait()
		return inOrder(marks)
	}))
	b.Run("errgroup", crowdBench(func() error {
		marks := make([]int, crowd)
		g, _ := errgroup.WithContext(context.Background())
		for i := range marks {
			g.Go(func() error { marks[i] = i; return nil })
		}
		if err := g.Wait(); err != nil {
			return err
		}
		return inOrder(marks)
	}))
	b.Run("conc", crowdBench(func() error {
		marks := make([]int, crowd)
		var wg conc.WaitGroup
		for i := range marks {
			wg.Go(func() { marks[i] = i })
		}
		wg.Wait()
		return inOrder(marks)
	}))
}
