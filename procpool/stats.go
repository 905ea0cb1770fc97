package procpool

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Stats is the state of a pool at one moment.
type Stats struct {
	Workers []WorkerStats // the running workers, in order of ID
	Queued  int           // calls that wait for a worker
	// The numbers of calls that ended with a result, with an error of the function, by
	// cancellation, and by a crash of the worker. Killed of the Cancelled calls ended
	// because the worker was killed.
	Completed, Failed, Cancelled, Crashed, Killed uint64
	Started                                       uint64            // attempts to start a worker
	Wait                                          asyncio.Histogram // from acceptance until the call was sent to a worker
	Run                                           asyncio.Histogram // from sending until the call ended
}

// WorkerStats is the state of one worker.
type WorkerStats struct {
	ID    int    // from 1 to Options.Workers; a replacement has the ID of its predecessor
	Pid   int    // of the process
	State string // "starting", "idle", "busy", "stopping", or "stopped" by a signal (Linux only)
	Call  string // the ID of the running call
	Func  string // the name of its function
	RSS   int64  // resident set size in bytes; 0 if the system does not report it
	Done  int    // calls that were sent to this process
}

var bounds = []time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 10 * time.Millisecond, 25 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, time.Second, 2500 * time.Millisecond, 10 * time.Second, time.Minute,
}

type histogram struct {
	counts [13]uint64
	sum    time.Duration
}

func (h *histogram) add(d time.Duration) {
	i, _ := slices.BinarySearch(bounds, d)
	h.counts[i]++
	h.sum += d
}

func (h *histogram) export() asyncio.Histogram {
	return asyncio.Histogram{Bounds: slices.Clone(bounds), Counts: slices.Clone(h.counts[:]), Sum: h.sum}
}

// counts are the counters of a pool. The pool's lock guards them.
type counts struct {
	completed, failed, cancelled, crashed, killed, started uint64
	wait, run                                              histogram
}

// end counts a job that ends with err.
func (c *counts) end(j *job, err error) {
	switch {
	case err == nil:
		c.completed++
	case isCrash(err):
		c.crashed++
	case j.cancelled != nil:
		c.cancelled++
	default:
		c.failed++
	}
	if !j.sent.IsZero() {
		c.wait.add(j.sent.Sub(j.accepted))
		c.run.add(time.Since(j.sent))
	}
}

func isCrash(err error) bool {
	var crash *WorkerCrash
	return errors.As(err, &crash)
}

// Stats returns the state of the pool. It asks the system for the memory of the workers.
func (p *Pool) Stats() Stats {
	s := p.snapshot()
	for i, w := range s.Workers { // without the lock, so that loops do not wait for the system
		s.Workers[i].RSS = rss(w.Pid)
	}
	return s
}

// Metrics implements asyncio.Measured.
func (p *Pool) Metrics() asyncio.ExecutorMetrics {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := asyncio.ExecutorMetrics{Name: p.name, Workers: p.opts.Workers, Waiting: p.queue.Len(), Run: p.counts.run.export(), Closed: p.closed}
	for _, slot := range p.slots {
		if slot.job != nil {
			m.Running++
		}
	}
	return m
}

var pools atomic.Uint64

func (p *Pool) snapshot() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.counts
	s := Stats{
		Queued: p.queue.Len(), Completed: c.completed, Failed: c.failed, Cancelled: c.cancelled, Crashed: c.crashed, Killed: c.killed,
		Started: c.started, Wait: c.wait.export(), Run: c.run.export(),
	}
	for _, slot := range p.slots {
		if slot.starting != nil {
			s.Workers = append(s.Workers, WorkerStats{ID: slot.id, Pid: slot.starting.pid, State: "starting"})
			continue
		}
		if slot.proc == nil {
			continue
		}
		w := WorkerStats{ID: slot.id, Pid: slot.proc.pid, State: "idle", Done: slot.jobs}
		switch {
		case slot.stopping:
			w.State = "stopping"
		case slot.job != nil:
			w.State, w.Call, w.Func = "busy", slot.job.call.ID(), slot.job.call.Func()
		}
		if slot.proc.stopped {
			w.State = "stopped"
		}
		s.Workers = append(s.Workers, w)
	}
	return s
}
