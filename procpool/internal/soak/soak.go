//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

type settings struct {
	seed                uint64
	duration            time.Duration
	submitters, workers int
}

// endTimeout bounds the time from the last call until the pool is closed.
const endTimeout = 30 * time.Second

// soak makes calls and returns the report.
func soak(s settings) (*report, error) {
	dir, err := os.MkdirTemp("", "asyncio-soak-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// The first pool of a process opens descriptors that stay open, such as that of the poller.
	warm := settings{submitters: 1, workers: 1}
	if _, _, err := pass(warm, filepath.Join(dir, "warm")); err != nil {
		return nil, err
	}
	before := takeInventory()
	ledger := filepath.Join(dir, "ledger")
	r, finished, err := pass(s, ledger)
	if err != nil || !finished {
		return r, err
	}
	times, err := readLedger(ledger)
	if err != nil {
		return nil, err
	}
	r.checkRuns(times)
	for _, left := range before.leaks(dir) {
		r.violation("%s", left)
	}
	return r, nil
}

// pass makes the calls on one pool. It returns false if calls did not end. Only the violations of
// the report are valid then.
func pass(s settings, ledger string) (r *report, finished bool, err error) {
	if err := os.WriteFile(ledger, nil, 0o600); err != nil {
		return nil, false, err
	}
	pool, err := procpool.New(procpool.Options{
		Workers: s.workers, QueueLimit: s.workers, TasksPerWorker: 200, MemoryLimit: memoryLimit,
		KillGrace: 10 * time.Millisecond, IdleTimeout: 20 * time.Millisecond,
		Env: []string{ledgerVar + "=" + ledger}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, false, err
	}
	r = newReport()
	ran := make(chan error, 1)
	go func() {
		ran <- asyncio.Run(context.Background(), func(ctx context.Context) error { return r.makeCalls(ctx, s, pool) })
	}()
	limit := time.NewTimer(s.duration + endTimeout)
	defer limit.Stop()
	select {
	case err := <-ran:
		return r, true, err
	case <-limit.C:
		hung := newReport()
		hung.violation("%v after the last call the pool is not closed: %+v", endTimeout, pool.Stats())
		return hung, false, nil
	}
}

// makeCalls makes the calls on the loop, and closes the pool.
func (r *report) makeCalls(ctx context.Context, s settings, pool *procpool.Pool) error {
	counted := &counter{Pool: pool}
	until := time.Now().Add(s.duration)
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		calls := asyncio.Go(ctx, func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				for i := range s.submitters {
					asyncio.Go(ctx, func(ctx context.Context) error { return r.submit(ctx, newPlanner(s.seed, i+1), counted, until) })
				}
				return nil
			})
		})
		killer := asyncio.Go(ctx, func(ctx context.Context) error { return r.kill(ctx, s, pool) })
		calls.OnDone(func() { killer.Cancel(nil) })
		return nil
	})
	if err != nil {
		return err
	}
	if err := pool.Close(ctx); err != nil {
		r.violation("Close: %v", err)
	}
	for _, p := range r.pending {
		r.violation("%v has not ended", p)
	}
	r.checkStats(counted.accepted.Load(), pool.Stats())
	return nil
}

// A counter counts the calls that the pool accepts.
type counter struct {
	*procpool.Pool
	accepted atomic.Uint64
}

func (c *counter) Start(ctx context.Context, call *asyncio.Call) error {
	err := c.Pool.Start(ctx, call)
	if err == nil {
		c.accepted.Add(1)
	}
	return err
}

// An end is what a call returned.
type end struct {
	answer answer
	err    error
}

// submit makes batches of calls, and waits for each batch. It makes at least one.
func (r *report) submit(ctx context.Context, p *planner, exec asyncio.Executor, until time.Time) error {
	loop := asyncio.LoopOf(ctx)
	for first := true; first || time.Now().Before(until); first = false {
		plans := p.batch()
		calls := make([]*asyncio.Task[end], len(plans))
		for i, plan := range plans {
			r.begin(plan)
			calls[i] = asyncio.CreateTask(ctx, func(ctx context.Context) (end, error) {
				if plan.waitMode == withDeadline {
					var cancel context.CancelFunc
					ctx, cancel = asyncio.WithTimeout(ctx, plan.after)
					defer cancel()
				}
				a, err := work.Call(ctx, exec, plan.request)
				return end{a, err}, nil // an error of the task would cancel the other calls
			})
			if plan.waitMode == cancelledSoon {
				loop.CallLater(plan.after, func() { calls[i].Cancel(nil) })
			}
		}
		for i, call := range calls {
			e, err := call.Await(ctx)
			if err != nil { // cancelled before it started
				e.err = err
			}
			r.end(plans[i], e.answer, e.err)
		}
	}
	return nil
}

// kill sends signals to workers until ctx is cancelled.
func (r *report) kill(ctx context.Context, s settings, pool *procpool.Pool) error {
	rng := rand.New(rand.NewPCG(s.seed, 0))
	for {
		pause, pick, signal := time.Duration(5+rng.IntN(40))*time.Millisecond, rng.Int(), syscall.SIGKILL
		if rng.IntN(3) == 0 {
			signal = syscall.SIGSEGV
		}
		if err := asyncio.Sleep(ctx, pause); err != nil {
			return nil // all calls have ended
		}
		workers := slices.DeleteFunc(pool.Stats().Workers, func(w procpool.WorkerStats) bool {
			return w.State == "starting" // three failed starts in a row fail all waiting calls
		})
		if len(workers) == 0 {
			continue
		}
		pid := workers[pick%len(workers)].Pid
		switch err := killWorker(pid, signal); {
		case err == nil:
			r.killed[pid] = true
		case !errors.Is(err, os.ErrProcessDone):
			return fmt.Errorf("killing a worker: %w", err)
		}
	}
}
