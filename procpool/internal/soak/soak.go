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

// patience is how long the calls in flight at the end, and the pool, may take.
const patience = 30 * time.Second

// soak makes calls for a while and returns what came of them.
func soak(s settings) (*report, error) {
	dir, err := os.MkdirTemp("", "asyncio-soak-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// The first pool of a process opens descriptors that stay: the poller's, say.
	warm := settings{submitters: 1, workers: 1}
	if _, _, err := pass(warm, filepath.Join(dir, "warm")); err != nil {
		return nil, err
	}
	before := takeInventory()
	ledger := filepath.Join(dir, "ledger")
	r, over, err := pass(s, ledger)
	if err != nil || !over {
		return r, err
	}
	times, err := executions(ledger)
	if err != nil {
		return nil, err
	}
	r.compare(times)
	for _, left := range before.leftovers(dir) {
		r.violation("%s", left)
	}
	return r, nil
}

// pass soaks one pool. It says false if calls did not end: the report must not be
// used then but for its violations.
func pass(s settings, ledger string) (r *report, over bool, err error) {
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
		ran <- asyncio.Run(context.Background(), func(ctx context.Context) error { return r.fill(ctx, s, pool) })
	}()
	limit := time.NewTimer(s.duration + patience)
	defer limit.Stop()
	select {
	case err := <-ran:
		return r, true, err
	case <-limit.C:
		hung := newReport()
		hung.violation("%v after its end the soak hangs; the pool: %+v", patience, pool.Stats())
		return hung, false, nil
	}
}

// fill makes the calls, on the loop, and closes the pool.
func (r *report) fill(ctx context.Context, s settings, pool *procpool.Pool) error {
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
	r.settle(counted.accepted.Load(), pool.Stats())
	return nil
}

// counter counts the calls that the pool accepts.
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

// end is what a call returned.
type end struct {
	answer answer
	err    error
}

// submit is one submitter: it makes some calls at the same time, waits for them, and
// begins again. At least one batch is made.
func (r *report) submit(ctx context.Context, p *planner, exec asyncio.Executor, until time.Time) error {
	loop := asyncio.LoopOf(ctx)
	for first := true; first || time.Now().Before(until); first = false {
		plans := p.batch()
		calls := make([]*asyncio.Task[end], len(plans))
		for i, plan := range plans {
			r.begin(plan)
			calls[i] = asyncio.CreateTask(ctx, func(ctx context.Context) (end, error) {
				if plan.manner == withDeadline {
					var cancel context.CancelFunc
					ctx, cancel = asyncio.WithTimeout(ctx, plan.after)
					defer cancel()
				}
				a, err := work.Call(ctx, exec, plan.order)
				return end{a, err}, nil // an error of its own would cancel the others
			})
			if plan.manner == cancelledSoon {
				loop.CallLater(plan.after, func() { calls[i].Cancel(nil) })
			}
		}
		for i, call := range calls {
			e, err := call.Await(ctx)
			if err != nil { // it was cancelled before it began
				e.err = err
			}
			r.end(plans[i], e.answer, e.err)
		}
	}
	return nil
}

// kill ends workers from outside, until it is cancelled.
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
			return w.State == "starting" // three of those in a row are the error of all who wait
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
