package asynciotest_test

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// in makes a program of a body.
func in(body func(ctx context.Context), opts ...asyncio.Option) func(t *testing.T) {
	return func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) { body(ctx) }, opts...)
	}
}

// contend has one task hold what lock takes across an await, while another task takes it.
func contend(ctx context.Context, lock, other func()) {
	asyncio.Go(ctx, func(ctx context.Context) error {
		lock()
		return asyncio.Sleep(ctx, time.Second)
	}, asyncio.Name("holder"))
	asyncio.Go(ctx, func(context.Context) error { other(); return nil }, asyncio.Name("contender"))
	asyncio.Sleep(ctx, time.Hour)
}

func init() {
	// Virtual time goes by in the step.
	program("sleep", in(func(ctx context.Context) {
		asyncio.Sleep(ctx, time.Second)
		time.Sleep(time.Hour) // blocks: sleep
	}), `task "main"`, "time.Sleep", "call asyncio.Sleep(ctx, d)")
	program("a-short-sleep", in(func(ctx context.Context) {
		time.Sleep(2 * time.Nanosecond) // blocks: a-short-sleep
	}), `task "main"`)
	program("the-shortest-sleep", in(func(ctx context.Context) { time.Sleep(time.Nanosecond) }), "block")
	program("two-sleeps", in(func(ctx context.Context) {
		time.Sleep(time.Second)
		asyncio.Sleep(ctx, 0)
		time.Sleep(time.Second) // blocks: two-sleeps
	}), "task")
	program("sleep-in-a-callback", in(func(ctx context.Context) {
		asyncio.LoopOf(ctx).CallSoon(func() {
			time.Sleep(time.Minute) // blocks: sleep-in-a-callback
		})
		asyncio.Sleep(ctx, 0)
	}), "a callback")
	program("sleep-in-OnDone", in(func(ctx context.Context) {
		asyncio.Go(ctx, func(context.Context) error { return nil }).OnDone(func() {
			time.Sleep(time.Minute) // blocks: sleep-in-OnDone
		})
		asyncio.Sleep(ctx, time.Second)
	}), "a callback")
	program("sleep-in-a-sequence", in(func(ctx context.Context) {
		next, stop := iter.Pull(func(yield func(int) bool) {
			time.Sleep(time.Minute) // blocks: sleep-in-a-sequence
			yield(1)
		})
		defer stop()
		next()
	}), `task "main"`)
	program("timer-channel", in(func(ctx context.Context) {
		<-time.After(time.Minute) // blocks: timer-channel
	}), "asyncio.Recv")
	program("a-sleeping-goroutine", in(func(ctx context.Context) {
		done := make(chan struct{})
		go func() { time.Sleep(time.Minute); close(done) }()
		<-done // blocks: a-sleeping-goroutine
	}), "asyncio.Recv")
	program("a-channel-between-tasks", in(func(ctx context.Context) {
		ch := make(chan int)
		asyncio.Go(ctx, func(context.Context) error { ch <- 1; return nil })
		<-ch // blocks: a-channel-between-tasks
	}), "all goroutines in bubble are blocked")
	program("a-condition", in(func(ctx context.Context) {
		var mu sync.Mutex
		mu.Lock()
		time.AfterFunc(time.Second, func() { mu.Lock(); defer mu.Unlock() })
		sync.NewCond(&mu).Wait() // blocks: a-condition
	}), "sync.(*Cond).Wait")
	program("a-wait-group", in(func(ctx context.Context) {
		var wg sync.WaitGroup
		wg.Go(func() { time.Sleep(time.Second) })
		wg.Wait() // blocks: a-wait-group
	}), "sync.(*WaitGroup).Wait")

	// Virtual time stands still.
	program("a-mutex-held-across-an-await", in(func(ctx context.Context) {
		var mu sync.Mutex
		contend(ctx, mu.Lock, func() {
			mu.Lock() // blocks: a-mutex-held-across-an-await
		})
	}), `task "contender"`, "sync.(*Mutex).Lock", `"holder" waits (sleep)`)
	program("a-read-lock", in(func(ctx context.Context) {
		var mu sync.RWMutex
		contend(ctx, mu.RLock, func() {
			mu.Lock() // blocks: a-read-lock
		})
	}), `task "contender"`, "sync.(*RWMutex).Lock")
	program("a-mutex-in-a-callback", in(func(ctx context.Context) {
		var mu sync.Mutex
		mu.Lock()
		asyncio.LoopOf(ctx).CallSoon(func() {
			mu.Lock() // blocks: a-mutex-in-a-callback
		})
		asyncio.Sleep(ctx, time.Second)
	}), "a callback")
	program("a-mutex-in-a-sequence", in(func(ctx context.Context) {
		var mu sync.Mutex
		mu.Lock()
		next, _ := iter.Pull(func(yield func(int) bool) {
			mu.Lock() // blocks: a-mutex-in-a-sequence
		})
		next()
	}), `task "main"`)
	program("once-within-once", in(func(ctx context.Context) {
		var once sync.Once
		once.Do(func() {
			once.Do(func() {}) // blocks: once-within-once
		})
	}), "sync.(*Once).Do")
	program("an-await-within-once", in(func(ctx context.Context) {
		load := sync.OnceValue(func() error { return asyncio.Sleep(ctx, time.Second) })
		contend(ctx, func() { load() }, func() {
			load() // blocks: an-await-within-once
		})
	}), `task "contender"`)
	program("a-mutex-of-a-sleeping-goroutine", in(func(ctx context.Context) {
		var mu sync.Mutex
		asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
				mu.Lock()
				defer mu.Unlock()
				time.Sleep(time.Minute)
				return 0, nil
			})
			return err
		})
		for mu.TryLock() {
			mu.Unlock()
			asyncio.Sleep(ctx, 0)
		}
		mu.Lock() // blocks: a-mutex-of-a-sleeping-goroutine
	}), `task "main"`)
	program("a-mutex-of-a-task-for-a-thread", in(func(ctx context.Context) {
		var mu sync.Mutex
		mu.Lock()
		asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
				mu.Lock() // blocks: a-mutex-of-a-task-for-a-thread
				return 0, nil
			})
			return err
		})
		asyncio.Sleep(ctx, time.Second)
	}), "virtual time stands still", `"main" waits (sleep)`)
	program("a-mutex-of-a-task-for-a-goroutine", in(func(ctx context.Context) {
		var mu sync.Mutex
		mu.Lock()
		go func() {
			mu.Lock() // blocks: a-mutex-of-a-task-for-a-goroutine
		}()
		asyncio.Sleep(ctx, time.Second)
	}), "virtual time stands still")
	program("a-goroutine-left-behind", in(func(ctx context.Context) {
		go func() { select {} }()
	}), "deadlock: main bubble goroutine has exited")

	// All this is legal.
	program("sleep-in-a-thread", in(func(ctx context.Context) {
		asyncio.ToThread(ctx, func(context.Context) (int, error) { time.Sleep(time.Hour); return 0, nil })
	}))
	program("a-waiting-goroutine", in(func(ctx context.Context) {
		done := make(chan struct{})
		go func() { <-done; time.Sleep(time.Hour) }()
		asyncio.Sleep(ctx, time.Hour)
		close(done)
		asyncio.Sleep(ctx, 2*time.Hour)
	}))
	program("a-mutex-for-short", in(func(ctx context.Context) {
		var mu sync.Mutex
		for range 100 {
			asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { mu.Lock(); defer mu.Unlock(); return 0, nil })
				return err
			})
			asyncio.Sleep(ctx, 0)
			func() { mu.Lock(); defer mu.Unlock() }()
		}
		asyncio.Sleep(ctx, time.Second)
	}))
	program("synctest-Wait", in(func(ctx context.Context) {
		go time.Sleep(time.Second)
		synctest.Wait()
		asyncio.Sleep(ctx, time.Minute)
	}))
	program("allowed", in(func(ctx context.Context) { time.Sleep(time.Hour) }, asynciotest.AllowStalls()))
	program("below-the-limit", in(func(ctx context.Context) { time.Sleep(time.Minute) }, asynciotest.NoStalls(time.Hour)))
	program("a-long-computation", computes(func(until *atomic.Bool) {
		for !until.Load() {
		}
	}))
	program("a-wait-for-a-computation", computes(func(until *atomic.Bool) {
		var mu sync.Mutex
		mu.Lock()
		go func() {
			for !until.Load() {
			}
			mu.Unlock()
		}()
		mu.Lock()
	}))
}

// computes makes a program whose only step takes 3 s of real time, or longer.
func computes(step func(until *atomic.Bool)) func(t *testing.T) {
	return func(t *testing.T) {
		var until atomic.Bool
		time.AfterFunc(3*time.Second, func() { until.Store(true) })
		asynciotest.Run(t, func(context.Context, *testing.T) { step(&until) })
	}
}
