//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// ended returns a cancelled ctx.
func ended(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

// TestClose_WaitsForAcceptedCalls calls Close on the loop and in a goroutine, while a function
// runs, a call is queued, and a call waits for capacity.
func TestClose_WaitsForAcceptedCalls(t *testing.T) {
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 1, QueueLimit: 1}, func(ctx context.Context, pool *procpool.Pool) {
		running := begin(ctx, t, pool, order{Gate: g.path})
		queued := square.Submit(ctx, pool, 2)
		until(ctx, t, "a call waits", func() bool { return pool.Stats().Queued == 1 })
		suspended := square.Submit(ctx, pool, 3)
		if err := asyncio.Sleep(ctx, 0); err != nil {
			t.Error(err)
		}
		onLoop := asyncio.Go(ctx, pool.Close)
		offLoop := make(chan error, 1)
		go func() { offLoop <- pool.Close(context.Background()) }()
		if _, err := suspended.Await(ctx); !errors.Is(err, asyncio.ErrExecutorClosed) {
			t.Errorf("a call that waited for capacity: error %v; want ErrExecutorClosed", err)
		}
		if _, err := square.Call(ctx, pool, 1); !errors.Is(err, asyncio.ErrExecutorClosed) {
			t.Errorf("a call after Close: error %v; want ErrExecutorClosed", err)
		}
		if !errors.Is(onLoop.Err(), asyncio.ErrNotDone) || len(offLoop) > 0 {
			t.Error("Close has returned while a function runs")
		}
		g.open(t, 1)
		awaitReleased(ctx, t, running)
		if n, err := queued.Await(ctx); n != 4 || err != nil {
			t.Errorf("a call that was accepted before Close: %d, %v", n, err)
		}
		if _, err := onLoop.Await(ctx); err != nil {
			t.Errorf("Close on the loop: %v", err)
		}
		if err, _, recvErr := asyncio.Recv(ctx, offLoop); err != nil || recvErr != nil {
			t.Errorf("Close off the loop: %v", errors.Join(err, recvErr))
		}
		if alive(running.worker) || len(pool.Stats().Workers) != 0 {
			t.Errorf("a worker is left: %v", pool.Stats().Workers)
		}
	})
}

// TestClose_CancelsAndKills: if ctx has ended, Close cancels the calls, kills the workers that
// ignore the cancellation, and names their calls.
func TestClose_CancelsAndKills(t *testing.T) {
	for name, on := range map[string]func(ctx context.Context, pool *procpool.Pool) error{
		"on the loop": func(ctx context.Context, pool *procpool.Pool) error { return pool.Close(ended(ctx)) },
		"off the loop": func(ctx context.Context, pool *procpool.Pool) error {
			_, err := asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
				return struct{}{}, pool.Close(ended(context.Background()))
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			closeByForce(t, on)
		})
	}
}

// closeByForce closes a pool with the function on, while one function heeds its ctx and one ignores
// it. If a slow machine killed both, it tries again with a longer grace.
func closeByForce(t *testing.T, on func(ctx context.Context, pool *procpool.Pool) error) {
	for grace, killed := 20*time.Millisecond, uint64(2); killed > 1 && !t.Failed(); grace *= 2 {
		g := newGate(t)
		onPool(t, procpool.Options{Workers: 2, KillGrace: grace}, func(ctx context.Context, pool *procpool.Pool) {
			heeding := begin(ctx, t, pool, order{Gate: g.path})
			ignoring := begin(ctx, t, pool, order{IgnoreCancel: true, Child: true})
			queued := square.Submit(ctx, pool, 2)
			until(ctx, t, "a call waits", func() bool { return pool.Stats().Queued == 1 })
			err := on(ctx, pool)
			killed = pool.Stats().Killed
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Close: %v", err)
			}
			for _, text := range []string{"3 calls were cancelled", "killed: procpool.test.holds on worker 2 (pid "} {
				if err != nil && killed < 2 && !strings.Contains(err.Error(), text) {
					t.Errorf("Close does not contain %q: %v", text, err)
				}
			}
			for what, call := range map[string]held{"heeding": heeding, "ignoring": ignoring} {
				if _, err := call.Await(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), asyncio.ErrExecutorClosed.Error()) {
					t.Errorf("the %s call: error %v; want context.Canceled because of ErrExecutorClosed", what, err)
				}
			}
			if _, err := queued.Await(ctx); !errors.Is(err, asyncio.ErrExecutorClosed) {
				t.Errorf("the queued call: error %v; want ErrExecutorClosed", err)
			}
			if alive(heeding.worker) || alive(ignoring.worker) {
				t.Error("a worker outlived Close")
			}
			until(ctx, t, "the function's child is gone", func() bool { return !alive(ignoring.child) }) // the child was killed and may still be dying
		})
	}
}

// TestClose_CtxEndsWhileWaiting: the ctx ends while Close drains.
func TestClose_CtxEndsWhileWaiting(t *testing.T) {
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		running := begin(ctx, t, pool, order{Gate: g.path})
		limited, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		err := pool.Close(limited)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 calls were cancelled") || strings.Contains(err.Error(), "killed") {
			t.Errorf("Close: %v", err)
		}
		if _, err := running.Await(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("the call: %v", err)
		}
	})
}

// TestClose_WhileAWorkerStarts: Close waits for a call whose worker is starting, or cancels it.
func TestClose_WhileAWorkerStarts(t *testing.T) {
	for name, drains := range map[string]bool{"drained": true, "cancelled": false} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t)
			o := procpool.Options{Workers: 2, Init: startAtGate, Env: []string{gateEnv + "=" + g.path}}
			onPool(t, o, func(ctx context.Context, pool *procpool.Pool) {
				call := square.Submit(ctx, pool, 3)
				until(ctx, t, "a worker is being started", func() bool { return pool.Stats().Started == 1 })
				if !drains {
					closing := asyncio.Go(ctx, func(ctx context.Context) error { return pool.Close(ended(ctx)) })
					if _, err := call.Await(ctx); !errors.Is(err, asyncio.ErrExecutorClosed) {
						t.Errorf("the call: %v", err)
					}
					g.open(t, 1)
					if _, err := closing.Await(ctx); err == nil || !strings.Contains(err.Error(), "1 calls were cancelled") {
						t.Errorf("Close: %v", err)
					}
					return
				}
				closing := asyncio.Go(ctx, pool.Close)
				g.open(t, 1)
				if n, err := call.Await(ctx); n != 9 || err != nil {
					t.Errorf("the call: %d, %v", n, err)
				}
				if _, err := closing.Await(ctx); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		})
	}
}

// TestClose_KillsAStartingWorker: if ctx has ended, Close does not wait for a worker that does not
// get ready.
func TestClose_KillsAStartingWorker(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1, Init: slowInit, StartTimeout: time.Hour, KillGrace: 20 * time.Millisecond}, func(ctx context.Context, pool *procpool.Pool) {
		call := square.Submit(ctx, pool, 3)
		until(ctx, t, "a worker is being started", func() bool { return pool.Stats().Started == 1 })
		if err := pool.Close(ended(ctx)); err == nil {
			t.Error("Close: no error, though it cancelled a call")
		}
		if _, err := call.Await(ctx); !errors.Is(err, asyncio.ErrExecutorClosed) {
			t.Errorf("the call: %v", err)
		}
	})
}

// TestClose_KillsAnUnresponsiveWorker: Close kills an unresponsive idle worker after KillGrace.
func TestClose_KillsAnUnresponsiveWorker(t *testing.T) {
	o := firstReadsNothing(t)
	o.KillGrace = 20 * time.Millisecond
	onPool(t, o, func(ctx context.Context, pool *procpool.Pool) {
		call := square.Submit(ctx, pool, 1)
		pid := untilBusy(ctx, t, pool)
		call.Cancel(errBored)
		if err := pool.Close(ctx); err != nil || alive(pid) {
			t.Errorf("Close: %v; the worker is alive: %v", err, alive(pid))
		}
	})
}

// TestMisuse: a call without a loop, with a nil pool, or after Close returns an error.
func TestMisuse(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		if _, err := square.Call(context.Background(), pool, 1); !errors.Is(err, asyncio.ErrNoLoop) {
			t.Errorf("a call without a loop: error %v; want ErrNoLoop", err)
		}
		if _, err := square.Call(ctx, (*procpool.Pool)(nil), 1); !errors.Is(err, asyncio.ErrNoExecutor) {
			t.Errorf("a call with a nil pool: error %v; want ErrNoExecutor", err)
		}
		if err := pool.Close(context.Background()); err == nil {
			t.Error("a Close that would block the loop returned no error")
		}
		if _, err := square.Call(ctx, pool, 1); !errors.Is(err, asyncio.ErrExecutorClosed) {
			t.Errorf("a call after that: %v; want ErrExecutorClosed", err)
		}
	})
}

func TestClose_UnusedPool(t *testing.T) {
	checkLeaks(t)
	pool := newPool(t, procpool.Options{})
	if pool.Local() || pool.Workers() < 1 {
		t.Errorf("Local %v, Workers %d", pool.Local(), pool.Workers())
	}
	for range 2 {
		if err := pool.Close(ended(context.Background())); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	var none context.Context
	if err := pool.Close(none); err == nil || !strings.Contains(err.Error(), "nil context") {
		t.Errorf("Close(nil): %v", err)
	}
}

// TestTwoLoops: two loops use one pool.
func TestTwoLoops(t *testing.T) {
	onPool(t, procpool.Options{Workers: 2}, func(ctx context.Context, pool *procpool.Pool) {
		other := make(chan error, 1)
		go func() {
			other <- asyncio.Run(context.Background(), func(ctx context.Context) error {
				for i := range 20 {
					if n, err := square.Call(ctx, pool, i); n != i*i || err != nil {
						t.Errorf("the other loop: %d, %v", n, err)
					}
				}
				return nil
			})
		}()
		for i := range 20 {
			if n, err := square.Call(ctx, pool, i); n != i*i || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		if err, _, recvErr := asyncio.Recv(ctx, other); err != nil || recvErr != nil {
			t.Error(errors.Join(err, recvErr))
		}
	})
}
