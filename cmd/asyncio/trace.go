package main

import (
	"slices"
	"sync"
	"time"
)

// A trace is what happened in an experiment, in time since its beginning.
type trace struct {
	ticks []time.Duration
	begun bool          // the computation has begun, at from
	from  time.Duration //
	over  bool          // the computation is over, since to
	to    time.Duration //
	sums  []int64       // its results

	asked, unanswered int // what the client asked, and what was not answered in time

	end time.Duration // how far the trace reaches
}

// A recorder writes the trace of a running experiment. It reads the clock inside
// its lock: a snapshot that reaches up to an instant has everything before it.
type recorder struct {
	start time.Time // fixed before use

	mu    sync.Mutex
	trace trace
	ended bool
}

func newRecorder() *recorder { return &recorder{start: time.Now()} }

// now is the time on the trace.
func (r *recorder) now() time.Duration { return time.Since(r.start) }

// tick records a beat of the heartbeat. One that was due at the very end may
// still come after it, and counts no more.
func (r *recorder) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.trace.ticks = append(r.trace.ticks, r.now())
	}
}

// computing records that the computation begins.
func (r *recorder) computing() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trace.begun, r.trace.from = true, r.now()
}

// computed records that the computation is over, with its results.
func (r *recorder) computed(sums []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trace.over, r.trace.to, r.trace.sums = true, r.now(), sums
}

// asked records that the client asks, unanswered that it lost its patience.
func (r *recorder) asked() { r.count(&r.trace.asked) }

func (r *recorder) unanswered() { r.count(&r.trace.unanswered) }

func (r *recorder) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		*n++
	}
}

// end records that the experiment is over: snapshots reach no further.
func (r *recorder) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.ended, r.trace.end = true, r.now()
	}
}

// snapshot returns the trace up to now, from any thread.
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
