package bench

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/sourcegraph/conc"
	"golang.org/x/sync/errgroup"

	"github.com/asyncio-go/asyncio"
)

// BenchmarkGatherSleep10k: start ten thousand tasks that each sleep a
// millisecond, and wait for all. The sleeps overlap, so what is left of them in
// the cost of one task is a ten-thousandth.
func BenchmarkGatherSleep10k(b *testing.B) {
	const nap = time.Millisecond
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			return crowdRow(b, func() error {
				procs := make([]asyncio.Proc, crowd)
				for i := range procs {
					procs[i] = func(ctx context.Context) error { return asyncio.Sleep(ctx, nap) }
				}
				results, err := asyncio.Gather(ctx, procs...)
				if err == nil && len(results) != crowd {
					err = wrongCount(len(results), crowd)
				}
				return err
			})
		})
	})
	b.Run("goroutine", crowdBench(func() error {
		var wg sync.WaitGroup
		for range crowd {
			wg.Go(func() { time.Sleep(nap) })
		}
		wg.Wait()
		return nil
	}))
	b.Run("errgroup", crowdBench(func() error {
		var g errgroup.Group
		for range crowd {
			g.Go(func() error { time.Sleep(nap); return nil })
		}
		return g.Wait()
	}))
	b.Run("conc", crowdBench(func() error {
		var wg conc.WaitGroup
		for range crowd {
			wg.Go(func() { time.Sleep(nap) })
		}
		wg.Wait()
		return nil
	}))
}
