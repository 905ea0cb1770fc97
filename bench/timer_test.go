package bench

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// timers is the number of timers pending at once.
const timers = 1_000_000

// randomDelays returns delays from least up to a second more, in an order that
// is random and the same for every contender.
func randomDelays(least time.Duration) []time.Duration {
	random := rand.New(rand.NewPCG(1, 2))
	delays := make([]time.Duration, timers)
	for i := range delays {
		delays[i] = least + time.Duration(random.Int64N(int64(time.Second)))
	}
	return delays
}

// BenchmarkTimers1M: set a million timers at random instants of the coming
// second and let them all fire. Reported for each timer: the time to set it, and
// the processor time of all threads for its whole life.
func BenchmarkTimers1M(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			loop := asyncio.LoopOf(ctx)
			return timersRow(b, func(delays []time.Duration, isSet func()) error {
				all := asyncio.NewFuture[struct{}](ctx)
				left := len(delays)
				fire := func() {
					if left--; left == 0 {
						all.SetResult(struct{}{})
					}
				}
				for _, d := range delays {
					loop.CallLater(d, fire)
				}
				isSet()
				_, err := all.Await(ctx)
				return err
			})
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		err := timersRow(b, func(delays []time.Duration, isSet func()) error {
			var left atomic.Int64
			left.Store(int64(len(delays)))
			var all sync.WaitGroup
			all.Add(1)
			fire := func() {
				if left.Add(-1) == 0 {
					all.Done()
				}
			}
			for _, d := range delays {
				time.AfterFunc(d, fire)
			}
			isSet()
			all.Wait()
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

// timersRow times pass, which sets a timer for each delay, calls isSet, and
// returns when all have fired.
func timersRow(b *testing.B, pass func(delays []time.Duration, isSet func()) error) error {
	delays := randomDelays(0)
	var insert, cpu time.Duration
	for b.Loop() {
		cpuBefore, before := cpuTime(b), time.Now()
		err := pass(delays, func() { insert += time.Since(before) })
		if err != nil {
			return err
		}
		cpu += cpuTime(b) - cpuBefore
	}
	passes := float64(b.N) * timers
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(insert)/passes, "insert-ns/timer")
	b.ReportMetric(float64(cpu)/passes, "cpu-ns/timer")
	return nil
}

// BenchmarkCancelTimer: of a million timers that are half a minute away, cancel
// every other one. Only the cancelling is timed.
func BenchmarkCancelTimer(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		cancelRow(b, func(b *testing.B, delays []time.Duration, timed func(cancel func(i int) bool)) {
			// A fresh loop each time: what is left in the old one ends with it.
			onLoop(b, func(ctx context.Context) error {
				loop := asyncio.LoopOf(ctx)
				handles := make([]*asyncio.Handle, len(delays))
				for i, d := range delays {
					handles[i] = loop.CallLater(d, func() {})
				}
				timed(func(i int) bool { return handles[i].Cancel() })
				return nil
			})
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		cancelRow(b, func(_ *testing.B, delays []time.Duration, timed func(cancel func(i int) bool)) {
			handles := make([]*time.Timer, len(delays))
			for i, d := range delays {
				handles[i] = time.AfterFunc(d, func() {})
			}
			timed(func(i int) bool { return handles[i].Stop() })
			for i := 1; i < len(handles); i += 2 {
				handles[i].Stop()
			}
		})
	})
}

// cancelRow times the cancelling in pass, which sets a timer for each delay and
// hands to timed the way to cancel number i.
func cancelRow(b *testing.B, pass func(b *testing.B, delays []time.Duration, timed func(cancel func(i int) bool))) {
	delays := randomDelays(30 * time.Second)
	var spent time.Duration
	for b.Loop() {
		pass(b, delays, func(cancel func(i int) bool) {
			cancelled := 0
			before := time.Now()
			for i := 0; i < len(delays); i += 2 {
				if cancel(i) {
					cancelled++
				}
			}
			spent += time.Since(before)
			if want := len(delays) / 2; cancelled != want {
				b.Error(wrongCount(cancelled, want))
			}
		})
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(spent)/float64(b.N)/(timers/2), "ns/cancel")
}
