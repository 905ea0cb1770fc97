//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

var errBored = asyncio.RegisterError("procpool.test.bored", errors.New("bored with it"))

// gateEnv is the environment variable with the path of the gate for startAtGate.
const gateEnv = "PROCPOOL_TEST_GATE"

// startAtGate blocks the start of a worker until the gate opens.
func startAtGate(ctx context.Context) error { return passGate(ctx, os.Getenv(gateEnv)) }

func TestCancelQueued(t *testing.T) {
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		running := begin(ctx, t, pool, order{Gate: g.path})
		queued := square.Submit(ctx, pool, 2)
		next := square.Submit(ctx, pool, 3)
		until(ctx, t, "two calls wait", func() bool { return pool.Stats().Queued == 2 })
		queued.Cancel(errBored)
		if _, err := queued.Await(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v; want context.Canceled", err)
		}
		until(ctx, t, "one call waits", func() bool { return pool.Stats().Queued == 1 })
		g.open(t, 1)
		awaitReleased(ctx, t, running)
		if n, err := next.Await(ctx); n != 9 || err != nil {
			t.Errorf("the next call: %d, %v", n, err)
		}
		if s := pool.Stats(); s.Cancelled != 1 || s.Completed != 2 || s.Killed != 0 {
			t.Errorf("Cancelled %d, Completed %d, Killed %d; want 1, 2, 0", s.Cancelled, s.Completed, s.Killed)
		}
	})
}

// TestCancelStarting cancels a call whose worker is starting. The worker runs the next call.
func TestCancelStarting(t *testing.T) {
	g := newGate(t)
	o := procpool.Options{Workers: 1, Init: startAtGate, Env: []string{gateEnv + "=" + g.path}}
	onPool(t, o, func(ctx context.Context, pool *procpool.Pool) {
		call := square.Submit(ctx, pool, 2)
		until(ctx, t, "a worker is being started", func() bool { return pool.Stats().Started == 1 })
		call.Cancel(errBored)
		if _, err := call.Await(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v; want context.Canceled", err)
		}
		next := square.Submit(ctx, pool, 3)
		g.open(t, 1)
		if n, err := next.Await(ctx); n != 9 || err != nil {
			t.Errorf("the next call: %d, %v", n, err)
		}
		if s := pool.Stats(); s.Cancelled != 1 || s.Started != 1 {
			t.Errorf("Cancelled %d, Started %d; want 1, 1", s.Cancelled, s.Started)
		}
	})
}

// TestCancel_FunctionReturns: the function gets the cause, the call returns its error, and the
// worker stays.
func TestCancel_FunctionReturns(t *testing.T) {
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		call := begin(ctx, t, pool, order{Gate: g.path})
		call.Cancel(errBored)
		if _, err := call.Await(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("the task's error %v; want context.Canceled", err)
		}
		if err := *call.callErr; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), errBored.Error()) {
			t.Errorf("error %v; want context.Canceled with the cause's text", err)
		}
		if pid, err := process.Call(ctx, pool, struct{}{}); pid != call.worker || err != nil {
			t.Errorf("the next call ran in process %d (%v); want %d", pid, err, call.worker)
		}
		if s := pool.Stats(); s.Cancelled != 1 || s.Killed != 0 || s.Completed != 1 {
			t.Errorf("Cancelled %d, Killed %d, Completed %d; want 1, 0, 1", s.Cancelled, s.Killed, s.Completed)
		}
	})
}

// TestCancel_KillsAfterGrace: after KillGrace the pool kills the worker and the program that the
// function started.
func TestCancel_KillsAfterGrace(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1, KillGrace: 20 * time.Millisecond}, func(ctx context.Context, pool *procpool.Pool) {
		call := begin(ctx, t, pool, order{IgnoreCancel: true, Child: true})
		if !alive(call.child) {
			t.Errorf("the function's child %d has ended", call.child)
		}
		call.Cancel(errBored)
		if _, err := call.Await(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("the task's error %v; want context.Canceled", err)
		}
		if err := *call.callErr; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "20ms") || !strings.Contains(err.Error(), "procpool.test.holds") {
			t.Errorf("error %v; want context.Canceled with function and grace", err)
		}
		until(ctx, t, "worker and child are gone", func() bool { return !alive(call.worker) && !alive(call.child) })
		if pid, err := process.Call(ctx, pool, struct{}{}); pid == call.worker || err != nil {
			t.Errorf("the next call ran in process %d, %v", pid, err)
		}
		if s := pool.Stats(); s.Cancelled != 1 || s.Killed != 1 || s.Crashed != 0 || s.Started != 2 {
			t.Errorf("Cancelled %d, Killed %d, Crashed %d, Started %d; want 1, 1, 0, 2", s.Cancelled, s.Killed, s.Crashed, s.Started)
		}
	})
}

var deadline = asyncio.Register("procpool.test.deadline", func(ctx context.Context, _ struct{}) (time.Time, error) {
	at, _ := ctx.Deadline()
	return at, nil
})

// TestDeadlineIsSent: the pool sends the remaining time. The deadline in the worker is a little
// later, and never earlier.
func TestDeadlineIsSent(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		ctx, cancel := asyncio.WithTimeout(ctx, time.Hour)
		defer cancel()
		want, _ := ctx.Deadline()
		got, err := deadline.Call(ctx, pool, struct{}{})
		if err != nil || got.Before(want.Add(-time.Second)) || got.After(want.Add(testTimeout)) {
			t.Errorf("deadline %v, %v; want about %v", got, err, want)
		}
	})
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		if got, err := deadline.Call(context.WithoutCancel(ctx), pool, struct{}{}); err != nil || !got.IsZero() {
			t.Errorf("deadline %v, %v; want none", got, err)
		}
	})
}

func TestTimeout(t *testing.T) {
	g := newGate(t)
	for name, o := range map[string]order{"cooperative": {Gate: g.path}, "ignored": {IgnoreCancel: true}} {
		t.Run(name, func(t *testing.T) {
			onPool(t, procpool.Options{Workers: 1, KillGrace: 20 * time.Millisecond}, func(ctx context.Context, pool *procpool.Pool) {
				if _, err := square.Call(ctx, pool, 1); err != nil {
					t.Error(err)
				}
				limited, cancel := asyncio.WithTimeout(ctx, 20*time.Millisecond)
				defer cancel()
				if _, err := holds.Call(limited, pool, o); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v; want context.DeadlineExceeded", err)
				}
				if n, err := square.Call(ctx, pool, 3); n != 9 || err != nil {
					t.Errorf("the next call: %d, %v", n, err)
				}
			})
		})
	}
}

// An expiringCtx is a context that expires without a Deadline.
type expiringCtx struct {
	context.Context
	over chan struct{}
}

func (l expiringCtx) Done() <-chan struct{} { return l.over }

func (l expiringCtx) Err() error {
	select {
	case <-l.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// TestTimeout_CtxWithoutDeadline: the pool cancels the function if ctx expires without a Deadline.
func TestTimeout_CtxWithoutDeadline(t *testing.T) {
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		over := make(chan struct{})
		h := begin(expiringCtx{ctx, over}, t, pool, order{Gate: g.path})
		close(over)
		h.Await(ctx)
		if err := *h.callErr; err == nil || !strings.Contains(err.Error(), "because: context deadline exceeded") {
			t.Errorf("error %v; want one with the cause", err)
		}
		if s := pool.Stats(); s.Killed != 0 || s.Started != 1 {
			t.Errorf("Killed %d, Started %d; want 0, 1", s.Killed, s.Started)
		}
	})
}

func TestCancelledCtx_StartsNoWorker(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := square.Call(ended, pool, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v; want context.Canceled", err)
		}
		if s := pool.Stats(); s.Started != 0 {
			t.Errorf("%d workers were started for it", s.Started)
		}
	})
}

// TestCancel_ManyCalls cancels calls in all states. Each call ends once, and the pool still works.
func TestCancel_ManyCalls(t *testing.T) {
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 2, KillGrace: 20 * time.Millisecond}, func(ctx context.Context, pool *procpool.Pool) {
		var calls []*asyncio.Task[string]
		for i := range 40 {
			calls = append(calls, holds.Submit(ctx, pool, order{Gate: g.path, IgnoreCancel: i%10 == 5}))
		}
		if err := asyncio.Sleep(ctx, 0); err != nil {
			t.Error(err)
		}
		for i := range calls {
			calls[(i*7)%len(calls)].Cancel(errBored)
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
				t.Error(err)
			}
		}
		for i, call := range calls {
			if _, err := call.Await(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("call %d: error %v; want context.Canceled", i, err)
			}
		}
		if n, err := square.Call(ctx, pool, 3); n != 9 || err != nil {
			t.Errorf("the next call: %d, %v", n, err)
		}
		if s := pool.Stats(); s.Cancelled != 40 || s.Completed != 1 || s.Queued != 0 {
			t.Errorf("Cancelled %d, Completed %d, Queued %d; want 40, 1, 0", s.Cancelled, s.Completed, s.Queued)
		}
	})
}
