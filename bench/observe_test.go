package bench

import (
	"context"
	"io"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// BenchmarkDebug1 is BenchmarkYield1 in debug mode: each step is timed, and goes
// into the history with the line at which it ended.
func BenchmarkDebug1(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) { debugged(b, 1) })
}

// BenchmarkDebug100 is BenchmarkYield100 in debug mode.
func BenchmarkDebug100(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) { debugged(b, yielders) })
}

func debugged(b *testing.B, tasks int) {
	turns := (b.N + tasks - 1) / tasks
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		b.ResetTimer()
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range tasks {
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
	}, asyncio.WithDebug(true))
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkMetrics: another goroutine asks a sleeping loop for its figures, which
// wakes it.
func BenchmarkMetrics(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			_, err := asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
				l := asyncio.LoopOf(ctx)
				for b.Loop() {
					l.Metrics()
				}
				return struct{}{}, nil
			})
			return err
		})
	})
}

// BenchmarkTrace: the history of a loop in debug mode, 65,536 events, is written.
func BenchmarkTrace(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
			for range 1 << 16 {
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			for b.Loop() {
				if err := asyncio.LoopOf(ctx).Trace(io.Discard); err != nil {
					return err
				}
			}
			return nil
		}, asyncio.WithDebug(true))
		if err != nil {
			b.Fatal(err)
		}
	})
}
