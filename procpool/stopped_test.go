//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// stop sends the worker a signal that stops it, and returns when Stats reports it.
func stop(ctx context.Context, t *testing.T, pool *procpool.Pool, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Error(err)
	}
	until(ctx, t, "the worker has stopped", func() bool { return workerState(pool, pid) == "stopped" })
}

func workerState(pool *procpool.Pool, pid int) string {
	for _, w := range pool.Stats().Workers {
		if w.Pid == pid {
			return w.State
		}
	}
	return ""
}

// stopIdle stops the pool's only worker, which must be idle.
func stopIdle(ctx context.Context, t *testing.T, pool *procpool.Pool, signal syscall.Signal) (pid int) {
	t.Helper()
	pid, err := process.Call(ctx, pool, struct{}{})
	if err != nil {
		t.Errorf("the first call: %v", err)
	}
	stop(ctx, t, pool, pid, signal)
	return pid
}

// TestStopped_IdleWorker: if a signal has stopped the idle worker, a call runs in another one.
func TestStopped_IdleWorker(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU} {
		for _, size := range []int{10, smallFrame, 8 << 20} {
			onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
				pid := stopIdle(ctx, t, pool, signal)
				if got, err := echo.Call(ctx, pool, make([]byte, size)); len(got) != size || err != nil {
					t.Errorf("%v, %d bytes: %d came, %v", signal, size, len(got), err)
				}
				until(ctx, t, "the stopped worker is gone", func() bool { return !alive(pid) })
				if s := pool.Stats(); s.Started != 2 || s.Crashed != 0 || s.Killed != 0 || s.Completed != 2 {
					t.Errorf("%v: Started %d, Crashed %d, Killed %d, Completed %d; want 2, 0, 0, 2", signal, s.Started, s.Crashed, s.Killed, s.Completed)
				}
			})
		}
	}
}

// TestStopped_BeforeTheCallBegins stops a worker that has received a call and not begun it.
func TestStopped_BeforeTheCallBegins(t *testing.T) {
	var log sink
	o := firstReadsNothing(t)
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	onPool(t, o, func(ctx context.Context, pool *procpool.Pool) {
		call := process.Submit(ctx, pool, struct{}{})
		pid := untilBusy(ctx, t, pool)
		syscall.Kill(pid, syscall.SIGSTOP)
		if other, err := call.Await(ctx); err != nil || other == pid {
			t.Errorf("process %d, %v; want another than %d", other, err, pid)
		}
		if s := pool.Stats(); s.Started != 2 || s.Crashed != 0 {
			t.Errorf("Started %d, Crashed %d; want 2, 0", s.Started, s.Crashed)
		}
	})
	if got := log.String(); !strings.Contains(got, "stopped by a signal") || !strings.Contains(got, "had not begun") || !strings.Contains(got, "func=procpool.test.process") {
		t.Errorf("the log has no warning about the call:\n%s", got)
	}
}

// TestStopped_InAFunction: a call that has begun waits for SIGCONT. If it is cancelled, its error
// names the stopped worker.
func TestStopped_InAFunction(t *testing.T) {
	g := newGate(t)
	for _, continued := range []bool{true, false} {
		var log sink
		o := procpool.Options{Workers: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))}
		if !continued {
			o.KillGrace = 20 * time.Millisecond
		}
		onPool(t, o, func(ctx context.Context, pool *procpool.Pool) {
			call := begin(ctx, t, pool, order{Gate: g.path})
			stop(ctx, t, pool, call.worker, syscall.SIGSTOP)
			until(ctx, t, "it is logged", func() bool { return strings.Contains(log.String(), "SIGCONT") })
			if continued {
				syscall.Kill(call.worker, syscall.SIGCONT)
				until(ctx, t, "the pool knows that the worker continues", func() bool { return workerState(pool, call.worker) == "busy" })
				g.open(t, 1)
				awaitReleased(ctx, t, call)
				if pid, err := process.Call(ctx, pool, struct{}{}); pid != call.worker || err != nil {
					t.Errorf("the next call ran in process %d (%v); want %d", pid, err, call.worker)
				}
				return
			}
			call.Cancel(errBored)
			call.Await(ctx)
			if err := *call.callErr; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "is stopped by a signal") || !strings.Contains(err.Error(), "20ms after cancellation") {
				t.Errorf("error %v; want one that names the stopped worker", err)
			}
		})
	}
}

// TestStopped_AndContinued: while an idle worker is stopped, the other worker gets the calls. After SIGCONT
// it gets calls again.
func TestStopped_AndContinued(t *testing.T) {
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 2}, func(ctx context.Context, pool *procpool.Pool) {
		one, two := begin(ctx, t, pool, order{Gate: g.path}), begin(ctx, t, pool, order{Gate: g.path})
		g.open(t, 2)
		awaitReleased(ctx, t, one, two)
		stop(ctx, t, pool, one.worker, syscall.SIGSTOP)
		for range 10 {
			if pid, err := process.Call(ctx, pool, struct{}{}); pid != two.worker || err != nil {
				t.Errorf("process %d, %v; want %d", pid, err, two.worker)
			}
		}
		syscall.Kill(one.worker, syscall.SIGCONT)
		until(ctx, t, "the pool reports SIGCONT", func() bool { return workerState(pool, one.worker) == "idle" })
		again, more := begin(ctx, t, pool, order{Gate: g.path}), begin(ctx, t, pool, order{Gate: g.path})
		g.open(t, 2)
		awaitReleased(ctx, t, again, more)
		if s := pool.Stats(); s.Completed != 14 || s.Crashed != 0 {
			t.Errorf("Completed %d, Crashed %d; want 14, 0", s.Completed, s.Crashed)
		}
	})
}

// TestStopped_AllWorkers: with all workers stopped, calls of two loops with large arguments still return, and
// no loop is blocked.
func TestStopped_AllWorkers(t *testing.T) {
	checkLeaks(t)
	g := newGate(t)
	pool := newPool(t, procpool.Options{Workers: 3})
	onLoop(t, func(ctx context.Context) {
		calls := []held{begin(ctx, t, pool, order{Gate: g.path}), begin(ctx, t, pool, order{Gate: g.path}), begin(ctx, t, pool, order{Gate: g.path})}
		g.open(t, 3)
		awaitReleased(ctx, t, calls...)
		for _, call := range calls {
			stop(ctx, t, pool, call.worker, syscall.SIGSTOP)
		}
	})
	var loops sync.WaitGroup
	for range 2 {
		loops.Go(func() {
			onLoop(t, func(ctx context.Context) {
				var calls []*asyncio.Task[[]byte]
				for i := range 20 {
					calls = append(calls, echo.Submit(ctx, pool, make([]byte, i<<17)))
				}
				for i, call := range calls {
					if got, err := call.Await(ctx); len(got) != i<<17 || err != nil {
						t.Errorf("call %d: %d bytes, %v", i, len(got), err)
					}
				}
			})
		})
	}
	loops.Wait()
	if s := pool.Stats(); s.Completed != 43 || s.Crashed != 0 {
		t.Errorf("Completed %d, Crashed %d; want 43, 0", s.Completed, s.Crashed)
	}
	if err := pool.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestClose_StoppedWorker: Close does not wait for a stopped idle worker. The error of Close names a stopped
// worker that runs a call.
func TestClose_StoppedWorker(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		stopIdle(ctx, t, pool, syscall.SIGSTOP) // KillGrace is longer than the test may take
	})
	g := newGate(t)
	checkLeaks(t)
	pool := newPool(t, procpool.Options{Workers: 1, KillGrace: 20 * time.Millisecond})
	onLoop(t, func(ctx context.Context) {
		call := begin(ctx, t, pool, order{Gate: g.path})
		stop(ctx, t, pool, call.worker, syscall.SIGSTOP)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := pool.Close(ended); err == nil || !strings.Contains(err.Error(), "is stopped by a signal") {
			t.Errorf("Close: error %v; want one that names the stopped worker", err)
		}
		call.Await(ctx)
	})
}

// TestStopped_BeforeReady: a worker that is stopped while it starts is replaced.
func TestStopped_BeforeReady(t *testing.T) {
	g := newGate(t)
	o := procpool.Options{Workers: 1, Init: startAtGate, Env: []string{gateEnv + "=" + g.path}}
	onPool(t, o, func(ctx context.Context, pool *procpool.Pool) {
		call := square.Submit(ctx, pool, 3)
		until(ctx, t, "a worker starts", func() bool { return len(pool.Stats().Workers) == 1 })
		syscall.Kill(pool.Stats().Workers[0].Pid, syscall.SIGSTOP)
		until(ctx, t, "another starts", func() bool { return pool.Stats().Started == 2 })
		g.open(t, 1)
		if n, err := call.Await(ctx); n != 9 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}
