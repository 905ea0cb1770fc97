package semantics_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A throng counts the running calls of test.crowded.
var throng struct{ now, most, all atomic.Int64 }

var crowded = asyncio.Register("test.crowded", func(_ context.Context, n int) (int, error) {
	now := throng.now.Add(1)
	for most := throng.most.Load(); now > most && !throng.most.CompareAndSwap(most, now); most = throng.most.Load() {
	}
	throng.all.Add(1)
	time.Sleep(time.Duration(n+1) * time.Millisecond)
	throng.now.Add(-1)
	return n, nil
})

func TestThreadPool_LimitsRunningFunctions(t *testing.T) {
	for _, workers := range []int{1, 3} {
		throng.most.Store(0)
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			pool := asyncio.NewThreadPool(workers)
			if !pool.Local() || pool.Workers() != workers {
				t.Errorf("Local() = %t, Workers() = %d", pool.Local(), pool.Workers())
			}
			var tasks []*asyncio.Task[int]
			for n := range 20 {
				tasks = append(tasks, crowded.Submit(ctx, pool, n%4))
			}
			for n, task := range tasks {
				if got := await(ctx, t, task); got != n%4 {
					t.Errorf("task %d gave %d", n, got)
				}
			}
		})
		if most := throng.most.Load(); most != int64(workers) {
			t.Errorf("%d ran at once, want %d", most, workers)
		}
	}
}

func TestNewThreadPool_Panics(t *testing.T) {
	for _, n := range []int{0, -1} {
		if v := panicOf(func() { asyncio.NewThreadPool(n) }); !strings.Contains(fmt.Sprint(v), fmt.Sprintf("NewThreadPool(%d)", n)) {
			t.Errorf("NewThreadPool(%d): panic %v", n, v)
		}
	}
}

// TestThreadPool_TwoLoops: two loops use one pool.
func TestThreadPool_TwoLoops(t *testing.T) {
	noGoroutinesLeft(t)
	pool := asyncio.NewThreadPool(1)
	var loops sync.WaitGroup
	for range 2 {
		loops.Go(func() {
			if err := asyncio.Run(t.Context(), func(ctx context.Context) error {
				for n := range 100 {
					if got, err := echoInt.Call(ctx, pool, n); got != n || err != nil {
						return fmt.Errorf("%d gave %d, %w", n, got, err)
					}
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	loops.Wait()
	if err := pool.Close(t.Context()); err != nil {
		t.Errorf("Close in a goroutine of no loop: %v", err)
	}
}

func TestThreadPool_CancelWhileWaiting(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		pool := asyncio.NewThreadPool(1)
		running := behave.Submit(ctx, pool, "wait")
		turns(ctx, t, 1)
		limited, cancel := asyncio.WithTimeout(ctx, time.Minute)
		defer cancel()
		before := throng.all.Load()
		if _, err := crowded.Call(limited, pool, 1); err != context.DeadlineExceeded {
			t.Errorf("error %v, want context.DeadlineExceeded itself", err)
		}
		next := behave.Submit(ctx, pool, "next")
		turns(ctx, t, 1)
		running.Cancel(errWhy)
		wantErr(t, "what ran", second(running.Await(ctx)), errWhy)
		if v := await(ctx, t, next); v != "next" {
			t.Errorf("the next in line gave %q", v)
		}
		if throng.all.Load() != before {
			t.Error("the function ran although its caller had left")
		}
	})
}

// closeSoon starts Close in a task.
func closeSoon(ctx context.Context, pool *asyncio.ThreadPool) *asyncio.Task[struct{}] {
	return asyncio.Go(ctx, pool.Close)
}

func TestThreadPool_CloseDrains(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		pool := asyncio.NewThreadPool(2)
		running := asyncio.Go(ctx, func(ctx context.Context) error {
			for n, err := range crowded.Map(ctx, pool, slices.Values([]int{3000, 5000}), asyncio.Window(2)) {
				if err != nil {
					t.Errorf("%d: %v", n, err)
				}
			}
			return nil
		})
		asyncio.Sleep(ctx, time.Millisecond)
		waiting := crowded.Submit(ctx, pool, 1)
		turns(ctx, t, 1)
		first, other := closeSoon(ctx, pool), closeSoon(ctx, pool)
		turns(ctx, t, 1)
		_, err := echoInt.Call(ctx, pool, 1)
		wantErr(t, "after Close", err, asyncio.ErrExecutorClosed)
		wantErr(t, "who waited for a place", second(waiting.Await(ctx)), asyncio.ErrExecutorClosed)
		if first.Err() != asyncio.ErrNotDone || other.Err() != asyncio.ErrNotDone {
			t.Error("Close did not wait for what runs")
		}
		await(ctx, t, first)
		await(ctx, t, other)
		if throng.now.Load() != 0 {
			t.Error("a function runs after Close")
		}
		await(ctx, t, running)
		if err := pool.Close(ctx); err != nil {
			t.Errorf("Close once more: %v", err)
		}
	})
}

// TestThreadPool_CloseRefusesWaitingCalls: waiting calls end before the running functions.
func TestThreadPool_CloseRefusesWaitingCalls(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		pool := asyncio.NewThreadPool(1)
		running := behave.Submit(ctx, pool, "wait")
		turns(ctx, t, 1)
		var waiting []*asyncio.Task[int]
		for n := range 3 {
			waiting = append(waiting, crowded.Submit(ctx, pool, n))
		}
		turns(ctx, t, 1)
		all := throng.all.Load()
		closing := closeSoon(ctx, pool)
		waiting[1].Cancel(errWhy)
		for n, task := range waiting {
			want := asyncio.ErrExecutorClosed
			if n == 1 {
				want = errWhy
			}
			wantErr(t, fmt.Sprint("waiter ", n), second(task.Await(ctx)), want)
		}
		if running.Err() != asyncio.ErrNotDone || closing.Err() != asyncio.ErrNotDone {
			t.Error("they were sent away only when the running call had returned")
		}
		running.Cancel(errWhy)
		wantErr(t, "what ran", second(running.Await(ctx)), errWhy)
		await(ctx, t, closing)
		if throng.all.Load() != all {
			t.Error("a function ran although its caller had been sent away")
		}
	})
}

func TestThreadPool_CloseCancelsAfterItsCtx(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		pool := asyncio.NewThreadPool(3)
		slow := crowded.Submit(ctx, pool, 1<<20)
		a, b := behave.Submit(ctx, pool, "wait"), behave.Submit(ctx, pool, "wait and return")
		turns(ctx, t, 1)
		limited, cancel := asyncio.WithTimeout(ctx, time.Second)
		defer cancel()
		err := pool.Close(limited)
		wantErr(t, "Close", err, context.DeadlineExceeded)
		if err == nil || !strings.Contains(err.Error(), "3 functions were cancelled and still run") {
			t.Errorf("Close: error %v, want one with the number of running functions", err)
		}
		wantErr(t, "the cause, as the function saw it", second(a.Await(ctx)), asyncio.ErrExecutorClosed)
		if v := await(ctx, t, b); v != "in time" {
			t.Errorf("what returned in time gave %q", v)
		}
		if slow.Err() != asyncio.ErrNotDone {
			t.Errorf("a function that watches no ctx: %v", slow.Err())
		}
		if err := pool.Close(ctx); err != nil { // waits for the function
			t.Errorf("second Close: %v", err)
		}
		await(ctx, t, slow)
		if err := pool.Close(limited); err != nil {
			t.Errorf("Close of a pool that is idle: %v", err)
		}
	})
}

// TestThreadPool_CloseMisuse: a Close that cannot wait cancels nothing.
func TestThreadPool_CloseMisuse(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		pool := asyncio.NewThreadPool(1)
		running := crowded.Submit(ctx, pool, 1)
		inTime := false
		asyncio.Go(ctx, func(ctx context.Context) error {
			inTime = second(running.Await(ctx)) == nil
			return nil
		})
		turns(ctx, t, 1)
		wantErr(t, "in a task without its ctx", pool.Close(context.Background()), asyncio.ErrNoLoop)
		var none context.Context
		if err := pool.Close(none); err == nil {
			t.Error("nil ctx: no error")
		}
		asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
			wantErr(t, "elsewhere with a task's ctx", pool.Close(ctx), asyncio.ErrWrongTask)
			return struct{}{}, nil
		})
		if err := pool.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		await(ctx, t, running)
		turns(ctx, t, 1)
		if !inTime {
			t.Error("what ran was cancelled")
		}
	})
}

// TestThreadPool_CloseOffTheLoop: Close blocks a goroutine without a loop.
func TestThreadPool_CloseOffTheLoop(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		pool := asyncio.NewThreadPool(1)
		running := crowded.Submit(ctx, pool, 1000)
		turns(ctx, t, 1)
		closed := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
				ended, cancel := context.WithCancel(context.Background())
				cancel()
				wantErr(t, "Close with a ctx that has ended", pool.Close(ended), context.Canceled)
				return struct{}{}, pool.Close(context.Background())
			})
			return err
		})
		if v := await(ctx, t, running); v != 1000 {
			t.Errorf("what ran gave %d", v)
		}
		await(ctx, t, closed)
	})
}

// A closer is what test.closer calls.
var closer func(ctx context.Context) error

var closes = asyncio.Register("test.closer", func(ctx context.Context, _ int) (int, error) { return 0, closer(ctx) })

// TestThreadPool_CloseInItsFunction: Close in a function of the pool returns an error on all ways,
// and the pool stays open.
func TestThreadPool_CloseInItsFunction(t *testing.T) {
	elsewhere := func(fn func() error) error {
		done := make(chan error)
		go func() { done <- fn() }()
		return <-done
	}
	for name, c := range map[string]func(ctx context.Context, pool, other *asyncio.ThreadPool) error{
		"with its ctx":          func(ctx context.Context, pool, _ *asyncio.ThreadPool) error { return pool.Close(ctx) },
		"with no ctx of its":    func(_ context.Context, pool, _ *asyncio.ThreadPool) error { return pool.Close(context.Background()) },
		"with a ctx that ended": func(_ context.Context, pool, _ *asyncio.ThreadPool) error { return pool.Close(ended()) },
		"twice": func(ctx context.Context, pool, _ *asyncio.ThreadPool) error {
			pool.Close(ctx)
			return pool.Close(ctx)
		},
		"in a goroutine of its": func(ctx context.Context, pool, _ *asyncio.ThreadPool) error {
			return elsewhere(func() error { return pool.Close(ctx) })
		},
		"in a task of a loop of its": func(ctx context.Context, pool, _ *asyncio.ThreadPool) error {
			return asyncio.Run(ctx, func(ctx context.Context) error { return pool.Close(ctx) })
		},
		"through another pool": func(ctx context.Context, pool, other *asyncio.ThreadPool) error {
			return asyncio.Run(ctx, func(ctx context.Context) error {
				inner := closer
				closer = pool.Close
				defer func() { closer = inner }()
				_, err := closes.Call(ctx, other, 0)
				return err
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				pool, other := asyncio.NewThreadPool(1), asyncio.NewThreadPool(1)
				closer = func(ctx context.Context) error { return c(ctx, pool, other) }
				_, err := closes.Call(ctx, pool, 0)
				wantErr(t, name, err, asyncio.ErrDeadlock)
				if got, err := echoInt.Call(ctx, pool, 7); got != 7 || err != nil {
					t.Errorf("the pool gives %d, %v afterwards; want 7", got, err)
				}
				if err := pool.Close(ctx); err != nil {
					t.Errorf("Close after its functions: %v", err)
				}
			})
		})
	}
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestThreadPool_CloseInAnotherPool: a function of another pool, and a goroutine whose function has
// returned, may close the pool.
func TestThreadPool_CloseInAnotherPool(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		pool, other := asyncio.NewThreadPool(1), asyncio.NewThreadPool(1)
		closer = other.Close
		if _, err := closes.Call(ctx, pool, 0); err != nil {
			t.Errorf("a function of another pool: %v", err)
		}
		returned, closed := make(chan struct{}), make(chan error, 1)
		closer = func(ctx context.Context) error {
			go func() {
				<-returned
				closed <- pool.Close(context.WithoutCancel(ctx))
			}()
			return nil
		}
		if _, err := closes.Call(ctx, pool, 0); err != nil {
			t.Error(err)
		}
		close(returned)
		if err, _, _ := asyncio.Recv(ctx, closed); err != nil {
			t.Errorf("a goroutine of a function that has returned: %v", err)
		}
	})
}
