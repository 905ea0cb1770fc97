package engine

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// The monitor is the goroutine that sees a step run long. The step publishes
// nothing for it: the monitor sets a mark each tick, whoever ends a step clears
// it, and a mark that is still there at the next tick is the same step's. Where
// no mark is set, the price of a step is one load.
//
// It parks while the loop sleeps, and is woken by the loop's first step after.
// What takes time (stacks, messages, the user's handler) is the watch's.
type monitor struct {
	l          *Loop
	tick       time.Duration
	sliceTicks int // ticks for which a mark must last for the time slice to be used up

	last   int64     // the tick before
	marked stretch   // of the marked step
	slow   *slowStep // that was seen to last; nil: none
}

// A stretch is what the monitor saw of a step since it marked it.
type stretch struct {
	began    int64
	usage    stall.Usage // of the process, when it began
	ticks    int
	credited int64 // of the time since, what the monitor saw go by
	rivals   int   // the least number of other goroutines that wanted a processor; -1: unknown
}

const (
	monitorTick = 5 * time.Millisecond
	timeSlice   = 10 * time.Millisecond
	maxCredit   = int64(25 * time.Millisecond) // a longer gap between two ticks is the machine's, not the step's
)

// A slowStep is a step that was seen to last for a time slice, or longer.
type slowStep struct {
	task   *Task // nil: a callback
	runner *runner
	began  int64        // to within a tick
	ended  atomic.Int64 // by the loop; 0: it runs still

	// Of the monitor.
	seen  stretch
	next  int64 // how long it lasts when the watch is told next
	times int64 // that in thresholds
	told  bool  // the watch knows

	// Of the watch.
	finding stall.Finding
	stack   string
	place   *spot
	muted   bool
	unseen  bool // its stack was not looked at: there were too many lately
	ready   int  // the most that was seen to wait
	late    int
	traced  bool   // at its first report
	trace   string // the file; "" if that failed, or nobody wants it
}

func (l *Loop) monitor() {
	defer close(l.monitorDone)
	m := monitor{l: l, tick: monitorTick, last: l.Elapsed()}
	if d := l.cfg.StallThreshold; d > 0 && d < 4*monitorTick {
		m.tick = max(d/4, time.Millisecond)
	}
	m.sliceTicks = int((timeSlice + m.tick - 1) / m.tick)
	ticker := time.NewTimer(m.tick)
	defer ticker.Stop()
	for running := true; running; {
		select {
		case <-ticker.C:
			running = m.look()
		case <-l.closed:
			running = false
		}
		ticker.Reset(m.tick)
	}
	m.settle()
	l.watch.close()
}

// look is a tick. It reports false when the loop has ended.
func (m *monitor) look() bool {
	l := m.l
	now := l.Elapsed()
	gap := now - m.last
	m.last = now
	m.settle()
	switch {
	case l.cur.Load() == nil:
		if !l.parkMonitor() {
			return false
		}
		m.last = l.Elapsed()
	case l.mark.Load():
		m.marked.ticks++
		m.marked.credited += min(gap, maxCredit)
		if m.marked.ticks >= m.sliceTicks {
			m.observe(now)
		}
	default:
		m.marked = stretch{began: now, usage: stall.Usage{CPU: stall.CPUTime()}, rivals: -1}
		l.markedAt.Store(now)
		l.probe(now)
		l.mark.Store(true)
	}
	return true
}

// observe looks at a step that has used up its time slice.
func (m *monitor) observe(now int64) {
	l := m.l
	l.Slice.Store(true)
	if l.cfg.StallThreshold > 0 && m.slow == nil {
		m.marked.usage.RunDelay = stall.RunDelay()
		if r := l.cur.Load(); r != nil {
			m.slow = &slowStep{task: r.task.Load(), runner: r, began: m.marked.began, next: int64(l.cfg.StallThreshold), times: 1}
			l.slow.Store(m.slow)
		}
	}
	if !l.mark.Load() { // the step ended just now
		l.Slice.Store(false)
		if m.slow != nil && l.slow.CompareAndSwap(m.slow, nil) {
			m.slow.ended.Store(now)
		}
		return
	}
	if s := m.slow; s != nil {
		if n := stall.Rivals(); m.marked.rivals < 0 || n < m.marked.rivals {
			m.marked.rivals = n
		}
		s.seen = m.marked
		if s.times <= 8 && now-s.began >= s.next {
			for ; s.times <= 8 && now-s.began >= s.next; s.next *= 2 {
				s.times *= 2
			}
			m.tell(s, now)
		}
		if s.times > 8 && l.bubbled() {
			m.rest()
		}
	}
}

// rest has the monitor wait until the loop has slept. In a bubble its ticks would
// make time pass for ever, where a step that can never end is to be told of.
func (m *monitor) rest() {
	m.l.monitorParked.Store(true)
	select {
	case <-m.l.monitorWake:
	case <-m.l.closed:
	}
	m.last = m.l.Elapsed()
}

// settle tells the watch of a step that has ended.
func (m *monitor) settle() {
	l := m.l
	if s := m.slow; s != nil {
		if at := s.ended.Load(); at != 0 {
			m.slow = nil
			if s.told || at-s.began >= int64(l.cfg.StallThreshold) {
				m.tell(s, at)
			}
		}
	}
	if n := l.oddity.Swap(nil); n != nil {
		if n.class == stall.Unknown && n.step.began == m.marked.began {
			n.evidence = stall.Evidence{Elapsed: n.elapsed, Credited: time.Duration(m.marked.credited),
				CPU: stall.CPUTime() - m.marked.usage.CPU, Procs: runtime.GOMAXPROCS(0)}
		}
		l.watch.tell(*n)
	}
}

func (m *monitor) tell(s *slowStep, now int64) {
	s.told = true
	e := stall.Evidence{Elapsed: time.Duration(m.last - s.began), Credited: time.Duration(s.seen.credited), Procs: runtime.GOMAXPROCS(0), Samples: s.seen.ticks}
	if m.l.bubbled() { // time is virtual: what the process did meanwhile means nothing
		e.Credited = e.Elapsed
	} else {
		u := stall.ReadUsage()
		e.CPU, e.RunDelay, e.Rivals = u.CPU-s.seen.usage.CPU, u.RunDelay-s.seen.usage.RunDelay, max(0, s.seen.rivals)
	}
	m.l.watch.tell(news{step: s, elapsed: time.Duration(now - s.began), ended: s.ended.Load() != 0, evidence: e})
}

// parkMonitor waits until the loop has something to do. It reports false when
// the loop has ended.
func (l *Loop) parkMonitor() bool {
	l.monitorParked.Store(true)
	if l.cur.Load() != nil && l.monitorParked.CompareAndSwap(true, false) {
		return true
	}
	select {
	case <-l.monitorWake:
		return true
	case <-l.closed:
		return false
	}
}

// stepEnded clears the mark. The monitor, which set it, saw the step begin to
// within a tick.
func (l *Loop) stepEnded() {
	l.mark.Store(false)
	l.Slice.Store(false)
	now := l.Elapsed()
	if s := l.slow.Swap(nil); s != nil {
		s.ended.Store(now)
		l.pace.stepEnded(now, now-s.began)
	} else if d := now - l.markedAt.Load(); l.cfg.StallThreshold > 0 && d >= int64(l.cfg.StallThreshold) {
		l.missed(now, d)
	} else {
		l.pace.stepEnded(now, d)
	}
	l.watchPace(now)
}

// missed is for a long step during which the monitor did not get to run.
func (l *Loop) missed(now, took int64) {
	r := l.cur.Load()
	s := &slowStep{task: r.task.Load(), runner: r, began: now - took}
	s.ended.Store(now)
	l.oddity.Store(&news{step: s, elapsed: time.Duration(took), ended: true})
	l.pace.stepEnded(now, took)
}
