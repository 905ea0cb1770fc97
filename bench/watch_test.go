package bench

import (
	"context"
	"log/slog"
	"runtime"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// What the stall watch costs.

// BenchmarkWatchStep: what the watch adds to a step, as the median of many differences
// between a loop that is watched and one that is not: each is run twice, in the order on,
// off, off, on, for some milliseconds, so that the machine's moods meet both.
func BenchmarkWatchStep(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		const on, off = 100 * time.Millisecond, 0
		var added []float64
		for b.Loop() {
			added = append(added, (stepTime(b, on)-stepTime(b, off)-stepTime(b, off)+stepTime(b, on))/2)
		}
		slices.Sort(added)
		b.ReportMetric(added[len(added)/2], "added-ns")
		b.ReportMetric(0, "ns/op")
	})
}

// stepTime is how many nanoseconds a task's yield takes that has nobody to yield to.
func stepTime(b *testing.B, threshold time.Duration) float64 {
	const steps = 100_000
	var took time.Duration
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		began := time.Now()
		for range steps {
			if err := asyncio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		took = time.Since(began)
		return nil
	}, asyncio.WithLogger(slog.New(slog.DiscardHandler)), asyncio.WithStallThreshold(threshold))
	if err != nil {
		b.Fatal(err)
	}
	return float64(took) / steps
}

// idleSpan is how long an idle process is looked at.
const idleSpan = 500 * time.Millisecond

// BenchmarkWatchIdle: the processor time of a process whose loop, watched, has
// nothing to do; of one without the watch; and of one that sleeps.
func BenchmarkWatchIdle(b *testing.B) {
	idle := func(b *testing.B, rest func()) {
		runtime.GC()
		runtime.GC() // the second waits for what the first left to sweep
		began, at := cpuTime(b), time.Now()
		for b.Loop() {
			rest()
		}
		b.ReportMetric(float64(cpuTime(b)-began)/time.Since(at).Seconds(), "cpu-ns/s")
		b.ReportMetric(0, "ns/op")
	}
	loop := func(b *testing.B, threshold time.Duration) {
		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
			idle(b, func() { _ = asyncio.Sleep(ctx, idleSpan) })
			return ctx.Err()
		}, asyncio.WithStallThreshold(threshold))
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("asyncio", func(b *testing.B) { loop(b, 100*time.Millisecond) })
	b.Run("floor", func(b *testing.B) { loop(b, 0) })
	b.Run("goroutine", func(b *testing.B) { idle(b, func() { time.Sleep(idleSpan) }) })
}

// BenchmarkWatchCapture10k: a step blocks a loop with 10,000 parked tasks, until the
// watch has taken its stack. stop-ns is the longest that the world was stopped, as the
// runtime tells it: a bucket of its histogram. The floor takes the same profile of as
// many parked goroutines.
func BenchmarkWatchCapture10k(b *testing.B) { capture(b, 10_000) }

// BenchmarkWatchCapture100k is the same with 100,000.
func BenchmarkWatchCapture100k(b *testing.B) { capture(b, 100_000) }

func capture(b *testing.B, parked int) {
	b.Run("asyncio", func(b *testing.B) {
		told := make(chan struct{}, 1)
		handler := func(s asyncio.Stall) {
			if s.Class != asyncio.StallChannel || s.File == "" {
				return // not the stall that is meant
			}
			select {
			case told <- struct{}{}:
			default:
			}
		}
		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
			for i := range parked {
				asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, asyncio.Sleep(ctx, time.Hour) })
				if i%100 == 99 { // no step is long but the one that is to be
					if err := asyncio.Sleep(ctx, 0); err != nil {
						return err
					}
				}
			}
			runtime.GC()
			before := stops()
			<-told // blocks the loop; the reports of later stalls at the place would be counted only
			b.ReportMetric(longest(before, stops()), "stop-ns")
			return nil
		}, asyncio.WithLogger(slog.New(slog.DiscardHandler)), asyncio.WithStallThreshold(100*time.Millisecond), asyncio.WithStallHandler(handler))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(0, "ns/op")
	})
	b.Run("floor", func(b *testing.B) {
		release := make(chan struct{})
		defer close(release)
		for range parked {
			go func() { <-release }()
		}
		runtime.Gosched()
		runtime.GC()
		records := make([]runtime.StackRecord, parked+100)
		before := stops()
		if _, ok := runtime.GoroutineProfile(records); !ok {
			b.Fatal("there are more goroutines than expected")
		}
		b.ReportMetric(longest(before, stops()), "stop-ns")
		b.ReportMetric(0, "ns/op")
	})
}

// stops reads how long the world was stopped, for other reasons than the collector's.
func stops() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: "/sched/pauses/total/other:seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64Histogram()
}

// longest is the upper end of the highest bucket in which there is more than before.
func longest(before, after *metrics.Float64Histogram) float64 {
	for i := len(after.Counts) - 1; i >= 0; i-- {
		if after.Counts[i] > before.Counts[i] {
			return after.Buckets[i+1] * 1e9
		}
	}
	return 0
}
