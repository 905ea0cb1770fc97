package bench

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// BenchmarkPost: another thread posts callbacks as fast as it can, and the loop
// runs them. A goroutine gets them over a channel with room for 1024.
func BenchmarkPost(b *testing.B) {
	b.Run("asyncio", postAsyncio)
	b.Run("goroutine", postGoroutine)
}

func postAsyncio(b *testing.B) {
	onLoop(b, func(ctx context.Context) error {
		loop := asyncio.LoopOf(ctx)
		all := asyncio.NewFuture[struct{}](ctx)
		left := b.N
		callback := func() {
			if left--; left == 0 {
				all.SetResult(struct{}{})
			}
		}
		b.ResetTimer()
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for range b.N {
				if err := loop.CallSoonThreadsafe(callback); err != nil {
					all.SetError(err)
					return
				}
			}
		}()
		_, err := all.Await(ctx)
		b.StopTimer()
		return err
	})
}

func postGoroutine(b *testing.B) {
	inbox := make(chan func(), 1024)
	left := b.N
	callback := func() { left-- }
	b.ResetTimer()
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for range b.N {
			inbox <- callback
		}
		close(inbox)
	}()
	for run := range inbox {
		run()
	}
	if left != 0 {
		b.Fatal(wrongCount(b.N-left, b.N))
	}
}

// idleFor is how long the poster of BenchmarkWake lets the other side alone, so
// that it is asleep when the next post comes.
const idleFor = 400 * time.Microsecond

// BenchmarkWake: another thread wakes a loop that sleeps and waits until it has
// answered. Reported are the median and the 99th percentile of there and back.
func BenchmarkWake(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			loop := asyncio.LoopOf(ctx)
			over := asyncio.NewFuture[struct{}](ctx)
			back := make(chan struct{}, 1)
			answer := func() { back <- struct{}{} }
			go func() {
				err := wakeRow(b, func() error {
					if err := loop.CallSoonThreadsafe(answer); err != nil {
						return err
					}
					<-back
					return nil
				})
				if err != nil {
					over.SetError(err)
					return
				}
				over.SetResult(struct{}{})
			}()
			_, err := over.Await(ctx)
			return err
		})
	})
	b.Run("goroutine", func(b *testing.B) {
		there, back := make(chan struct{}), make(chan struct{}, 1)
		go func() {
			for range there {
				back <- struct{}{}
			}
		}()
		err := wakeRow(b, func() error {
			there <- struct{}{}
			<-back
			return nil
		})
		close(there)
		if err != nil {
			b.Fatal(err)
		}
	})
}

// wakeRow times roundTrip again and again from a thread of its own, which rests
// before each so that the other side falls asleep.
func wakeRow(b *testing.B, roundTrip func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var trips []time.Duration
	for b.Loop() {
		if err := rest(idleFor); err != nil {
			return err
		}
		before := time.Now()
		if err := roundTrip(); err != nil {
			return err
		}
		trips = append(trips, time.Since(before))
	}
	slices.Sort(trips)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(trips[len(trips)/2]), "p50-ns")
	b.ReportMetric(float64(trips[len(trips)*99/100]), "p99-ns")
	return nil
}

// BenchmarkToThread: hand a call that does nothing to another thread of control
// and wait until it has returned. Handing it to a plain goroutine is the least a
// Go program can do and lets the scheduler keep both on one thread; handing it
// to a goroutine with a thread of its own is what a blocking call comes to.
func BenchmarkToThread(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			calls, made := 0, 0
			for b.Loop() {
				n, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { made++; return made, nil })
				if err != nil {
					return err
				}
				if calls++; n != calls {
					return wrongCount(n, calls)
				}
			}
			return nil
		})
	})
	b.Run("goroutine", func(b *testing.B) { handOver(b, func() {}) })
	b.Run("thread", func(b *testing.B) { handOver(b, runtime.LockOSThread) })
}

var next = asyncio.Register("bench.next", func(_ context.Context, n int) (int, error) { return n + 1, nil })

// BenchmarkThreadPool: the same with a registered function and a pool of threads.
func BenchmarkThreadPool(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			pool := asyncio.NewThreadPool(1)
			calls, n := 0, 0
			var err error
			for b.Loop() {
				if n, err = next.Call(ctx, pool, n); err != nil {
					return err
				}
				calls++
			}
			if n != calls {
				return wrongCount(n, calls)
			}
			return pool.Close(ctx)
		})
	})
	b.Run("goroutine", func(b *testing.B) { handOver(b, func() {}) })
	b.Run("thread", func(b *testing.B) { handOver(b, runtime.LockOSThread) })
}

// handOver passes calls to one worker that lasts, over unbuffered channels.
// A worker that locked its thread ends with it.
func handOver(b *testing.B, prepare func()) {
	calls, results := make(chan int), make(chan int)
	go func() {
		prepare()
		for n := range calls {
			results <- n
		}
		close(results)
	}()
	n := 0
	for b.Loop() {
		n++
		calls <- n
		if got := <-results; got != n {
			b.Fatal(wrongCount(got, n))
		}
	}
	close(calls)
	<-results
}
