package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/histogram"
)

// What a loop counts costs the way from step to step nothing: its own
// counters take the place of some that it needs anyway, or count what happens
// seldom, and are copied for others when the monitor has asked for the
// loop's attention, some 200 times a second while it is busy. Somebody who wants
// to know asks the loop itself; only a loop that does not answer, because it is
// blocked, is described from outside, see countOutside.

// counters are owned by the loop.
type counters struct {
	admitted, ended             int // tasks; the difference lives
	refused                     int // tasks that ended before they were admitted, with an error
	failed, cancelled, panicked int // the outcomes of those that did not succeed, the refused left out
	more                        int // steps beyond one a turn
}

func (c *counters) live() int { return c.admitted - c.ended }

// unsuccessful counts a task that ends with an error.
func (c *counters) unsuccessful(f taskFlags) {
	switch {
	case f&flagPanicked != 0:
		c.panicked++
	case f&flagCancelled != 0:
		c.cancelled++
	default:
		c.failed++
	}
}

// meters are for anybody, and but for delay's probe only the loop writes.
type meters struct {
	began, ended         atomic.Int64 // when Run did
	rest                 atomic.Int64 // see rests
	ready, live, waiting atomic.Int64
	timers, turns, steps atomic.Int64
	admitted, refused    atomic.Int64
	succeeded, failed    atomic.Int64
	cancelled, panic     atomic.Int64

	probing atomic.Int64 // when the monitor asked for a turn that has not come yet; 0: it has
	delay   histogram.Histogram

	mu    sync.Mutex
	asked chan struct{} // see asking; nil: the loop was not asked, or has answered
}

// publishQueue copies what tells how many suffer if the turn that begins does not
// end: all that is ready but for the first, which is about to run. From then on, or
// on behalf of the task that runs now, one task is neither ready nor waiting.
func (l *Loop) publishQueue(first, running int) {
	m, live, ready := &l.meters, l.counters.live(), l.ready.len()
	m.ready.Store(int64(ready - first))
	m.live.Store(int64(live))
	m.waiting.Store(int64(live - running - (ready - l.ready.calls.Len())))
}

// publish copies all. On the loop.
func (l *Loop) publish() {
	running := 0
	if l.Current() != nil {
		running = 1
	}
	l.publishQueue(0, running)
	m, c := &l.meters, &l.counters
	m.timers.Store(int64(l.timers.Len()))
	m.turns.Store(int64(l.turns))
	m.steps.Store(int64(l.turns) + int64(c.more) - int64(l.left))
	m.admitted.Store(int64(c.admitted))
	m.refused.Store(int64(c.refused))
	// Not left to readers as a difference: it would go back when live is newer than admitted.
	m.succeeded.Store(int64(c.ended - c.failed - c.cancelled - c.panicked))
	m.failed.Store(int64(c.failed))
	m.cancelled.Store(int64(c.cancelled))
	m.panic.Store(int64(c.panicked))
}

// rests and wakes keep the time for which the loop waited, in one word: awake,
// the time so far; waiting, that less the time at which it began, less one, which is
// negative.
func (l *Loop) rests() { l.meters.rest.Store(l.meters.rest.Load() - l.Elapsed() - 1) }

func (l *Loop) wakes() (now int64) {
	now = l.Elapsed()
	if l.tracer != nil {
		l.tracer.Waited(now)
	}
	l.meters.rest.Store(now + l.meters.rest.Load() + 1)
	return now
}

// rested is the time for which the loop has waited up to now. From any goroutine: if the
// loop has gone to sleep, or woken, since now was read, it looks again.
func (l *Loop) rested() (rested, now int64) {
	m := &l.meters
	for before := m.rest.Load(); ; before = rested {
		now = l.Elapsed()
		if rested = m.rest.Load(); rested == before {
			break
		}
	}
	if rested < 0 {
		rested += now + 1
	}
	return rested, now
}

// probe is called by the monitor each tick: the next turn, which has to begin on
// the root, tells how long it took to come. What became ready at the time of the
// probe had to wait as long.
func (l *Loop) probe(now int64) {
	if l.meters.probing.CompareAndSwap(0, now) {
		l.raise(signalProbe)
	}
}

// probed answers a probe.
func (l *Loop) probed() {
	l.signal.And(^signalProbe)
	l.publish()
	if asked := l.meters.probing.Swap(0); asked != 0 {
		l.meters.delay.Add(time.Duration(l.Elapsed() - asked))
	}
}

// Metrics are the loop's figures at one moment.
type Metrics struct {
	Uptime, Idle       time.Duration // of Run; of that, waiting
	Turns, Steps       uint64
	Ready, Timers      int  // entries of the ready queue, and pending timers
	Live, Waiting      int  // tasks
	Running            bool // a task's step
	Created, Succeeded uint64
	Failed, Cancelled  uint64
	Panicked           uint64
	Waited             time.Duration        // of the turn that the monitor has asked for; 0: there is none
	Delay              *histogram.Histogram // how long turns took to come
}

// metricsPatience is how long Metrics waits for the loop to answer itself.
const metricsPatience = 10 * time.Millisecond

// Metrics returns the loop's figures. From any goroutine; see the top of the file.
func (l *Loop) Metrics() Metrics {
	answered := true
	switch {
	case l.Here():
		l.publish()
	case l.life.Load() == lifeRunning:
		answered = l.askToPublish()
	}
	m := &l.meters
	rested, now := l.rested()
	s := Metrics{
		Idle:  time.Duration(rested),
		Turns: uint64(m.turns.Load()), Steps: uint64(m.steps.Load()),
		Ready: int(m.ready.Load()), Timers: int(m.timers.Load()),
		Live: int(m.live.Load()), Waiting: int(m.waiting.Load()), Running: l.Running() != nil,
		Created: uint64(m.admitted.Load() + m.refused.Load()), Succeeded: uint64(m.succeeded.Load()),
		Failed: uint64(m.failed.Load() + m.refused.Load()), Cancelled: uint64(m.cancelled.Load()), Panicked: uint64(m.panic.Load()),
		Delay: &m.delay,
	}
	if !answered {
		l.countOutside(&s)
	}
	switch l.life.Load() {
	case lifeRunning:
		s.Uptime = time.Duration(now - m.began.Load())
		if asked := m.probing.Load(); asked != 0 {
			s.Waited = max(0, time.Duration(now-asked))
		}
	case lifeClosed:
		s.Uptime = time.Duration(m.ended.Load() - m.began.Load())
	}
	return s
}

// asking returns what is closed when the loop has published. A blocked loop is asked
// once, however many want to know.
func (l *Loop) asking() chan struct{} {
	m := &l.meters
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.asked != nil {
		return m.asked
	}
	answer := make(chan struct{})
	if l.post(func() {
		m.mu.Lock()
		m.asked = nil // who comes from here on wants what is published later
		m.mu.Unlock()
		l.publish()
		close(answer)
	}) != nil {
		return nil
	}
	m.asked = answer
	return answer
}

// askToPublish reports false if the loop has not published within metricsPatience.
func (l *Loop) askToPublish() bool {
	answer := l.asking()
	if answer == nil {
		return true // it is ending
	}
	patience := time.NewTimer(metricsPatience)
	defer patience.Stop()
	select {
	case <-answer:
	case <-l.closed:
	case <-patience.C:
		return false
	}
	return true
}
