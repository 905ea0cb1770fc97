package main

import (
	"slices"
	"sync"
	"time"
)

// A trace is the events of an experiment, in time since its beginning.
type trace struct {
	ticks []time.Duration
	begun bool          // the computation has begun, at from
	from  time.Duration //
	over  bool          // the computation has ended, at to
	to    time.Duration //
	sums  []int64       // the results of the computation

	asked, unanswered int // requests of the client, and requests without a response in time

	end time.Duration // the end of the trace
}

// A recorder records the trace of a running experiment. It reads the clock while it holds the lock,
// so that a snapshot has all events until its end.
type recorder struct {
	start time.Time // constant

	mu    sync.Mutex
	trace trace
	ended bool
}

func newRecorder() *recorder { return &recorder{start: time.Now()} }

// now returns the time since start.
func (r *recorder) now() time.Duration { return time.Since(r.start) }

// tick records a tick of the heartbeat. It ignores a tick after the end.
func (r *recorder) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.trace.ticks = append(r.trace.ticks, r.now())
	}
}

// computing records the beginning of the computation.
func (r *recorder) computing() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trace.begun, r.trace.from = true, r.now()
}

// computed records the end of the computation, with its results.
func (r *recorder) computed(sums []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trace.over, r.trace.to, r.trace.sums = true, r.now(), sums
}

// asked records a request of the client, and unanswered one without a response in time.
func (r *recorder) asked() { r.count(&r.trace.asked) }

func (r *recorder) unanswered() { r.count(&r.trace.unanswered) }

func (r *recorder) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		*n++
	}
}

// end records the end of the experiment.
func (r *recorder) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.ended, r.trace.end = true, r.now()
	}
}

// snapshot returns the trace up to now. It may be called from any goroutine.
func (r *recorder) snapshot() trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.trace
	t.ticks = slices.Clone(t.ticks)
	if !r.ended {
		t.end = r.now()
	}
	return t
}
