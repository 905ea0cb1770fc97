package engine

import (
	"math"
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
	clock  readings  // what the process had used at the ticks
	gap    *news     // in which the process stood still, until the next tick; nil: none
	marked stretch   // of the marked step
	turn   stretch   // of the turn
	slow   *slowStep // that was seen to last; nil: none
}

// A stretch is what the monitor saw of a step since it marked it, or of a turn.
type stretch struct {
	began    int64
	usage    stall.Usage // of the process, when it began; a turn's processor time is known to the loop
	ticks    int
	credited int64 // of the time since, what the monitor saw go by
	stopped  int64 // and in which the process stood still at a stretch
	rivals   int   // the least number of other goroutines that wanted a processor; -1: unknown
	crowd    int   // the sum of those numbers
	looks    int   // and how many there are
}

const (
	monitorTick = 5 * time.Millisecond
	timeSlice   = 10 * time.Millisecond
	maxCredit   = int64(25 * time.Millisecond) // a longer gap between two ticks is the machine's, not the step's
)

// A slowStep is a step that was seen to last for a time slice, or longer.
type slowStep struct {
	task    *Task // nil: a callback
	calling calling
	runner  *runner
	began   int64         // to within a tick
	cpu     time.Duration // CPU time of the process at the end of the step; set by the loop before ended
	ended   atomic.Int64  // set by the loop; 0: the step still runs

	// Of the monitor.
	seen  stretch
	next  int64 // how long it lasts when the watch is told next
	times int64 // that in thresholds
	told  bool  // the watch knows
	early bool  // it was looked at again before the report, see doubt

	// Of the watch.
	finding stall.Finding
	stack   string
	alone   bool // see capture
	place   *spot
	muted   bool
	doubt   atomic.Bool // the first report waits for another look; read by the monitor
	queued  int         // other threads that wanted a processor at the last look
	most    string      // the line that most of its rivals run
	unseen  bool        // its stack was not looked at: there were too many lately
	ready   int         // the most that was seen to wait
	late    int
	phases  []phase
	phase   int           // index of the current phase
	moving  string        // key of a new phase that one look has seen; "" if none
	looked  time.Duration // duration of the step at the last look

	reported reported
	evidence stall.Evidence // evidence at the last look
	traced   bool           // the first report has requested the trace
	trace    string         // the trace file; "" if it is off or writing failed
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
	m.report(m.settle())
	l.watch.close()
}

// look is a tick. It reports false when the loop has ended.
func (m *monitor) look() bool {
	l := m.l
	now := l.Elapsed()
	gap := now - m.last
	m.last = now
	turn := l.turnBegan.Load() // before settle, which may be told of it
	m.clock.read(now)
	m.report(m.settle())
	m.follow(turn, gap)
	m.stood(now, gap)
	switch {
	case l.cur.Load() == nil:
		m.explain(m.settle()) // of what ended since: the next tick may be far
		if !l.parkMonitor() {
			return false
		}
		m.last = max(m.last, l.monitorWoken.Load()) // the process may have been stopped since
	case l.mark.Load():
		m.marked.pass(gap)
		if m.marked.ticks >= m.sliceTicks {
			m.observe(now)
		}
	case m.slow != nil: // the loop is just ending it, and got no further: the next mark is not that step's
	default:
		l.probe(now)
		m.set()
	}
	return true
}

// pass is for a tick.
func (s *stretch) pass(gap int64) {
	s.ticks++
	s.credited += min(gap, maxCredit)
}

// rival counts the other goroutines that want a processor.
func (s *stretch) rival() {
	n := stall.Rivals()
	if s.rivals < 0 || n < s.rivals {
		s.rivals = n
	}
	s.crowd += n
	s.looks++
}

// add puts what the monitor saw of the stretch into the evidence.
func (s *stretch) add(e *stall.Evidence) {
	e.Credited, e.Stopped, e.Samples = time.Duration(s.credited), time.Duration(s.stopped), s.ticks
	if s.rivals >= 0 {
		e.Rivals, e.Crowd = s.rivals, float64(s.crowd)/float64(s.looks)
	}
}

// follow sees a turn last.
func (m *monitor) follow(began, gap int64) {
	if began != m.turn.began {
		m.turn = stretch{began: began, rivals: -1}
		return
	}
	m.turn.pass(gap)
	threshold := int64(m.l.cfg.StallThreshold)
	if threshold == 0 || m.last-began < threshold/4 || m.l.cur.Load() == nil {
		return
	}
	if m.turn.usage == (stall.Usage{}) {
		m.turn.usage = stall.ReadUsage()
	}
	m.turn.rival()
}

// set sets the mark, and then looks when: the other way round, a monitor that is held up in
// between would mark a step as one that began before it did. Of a step that ends before the
// time is there nothing is known. If the monitor is held up as it looks, what it sees does
// not belong together, and it looks again.
func (m *monitor) set() {
	l := m.l
	l.markedAt.Store(math.MaxInt64)
	l.mark.Store(true)
	var now int64
	var used stall.Usage
	for range 3 {
		before := l.Elapsed()
		used = stall.ReadProcess()
		if now = l.Elapsed(); now-before <= int64(time.Millisecond) || l.bubbled() {
			break
		}
	}
	m.marked = stretch{began: now, usage: used, rivals: -1}
	l.markedCPU.Store(int64(used.CPU))
	l.markedAt.Store(now)
}

// observe looks at a step that has used up its time slice.
func (m *monitor) observe(now int64) {
	l := m.l
	l.Slice.Store(true)
	first := m.slow == nil
	if l.cfg.StallThreshold > 0 && first {
		u := stall.ReadUsage()
		u.CPU, u.MajorFaults = m.marked.usage.CPU, m.marked.usage.MajorFaults
		m.marked.usage = u
		if r := l.cur.Load(); r != nil {
			m.slow = &slowStep{task: r.task.Load(), calling: l.callingNow(), runner: r, began: m.marked.began, seen: m.marked, next: int64(l.cfg.StallThreshold), times: 1}
			l.slow.Store(m.slow)
		}
	}
	if !l.mark.Load() { // the step ended just now
		l.Slice.Store(false)
		if first && m.slow != nil && l.slow.CompareAndSwap(m.slow, nil) {
			m.slow = nil // the loop, which had not seen it, has told of the step
		}
		return
	}
	if s := m.slow; s != nil {
		m.marked.rival()
		s.seen = m.marked
		lasts := now - s.began
		switch {
		case s.doubt.Load() && !s.early && lasts >= int64(l.cfg.StallThreshold)*14/10:
			s.early = true
			m.tell(s, now, false, true)
		case s.times <= 8:
			if lasts < s.next {
				return
			}
			for ; s.times <= 8 && lasts >= s.next; s.next *= 2 {
				s.times *= 2
			}
			if s.times > 8 {
				s.next = l.nextLook(lasts)
			}
			m.tell(s, now, false, false)
		case lasts >= s.next: // the stall may have moved to another place
			s.next = l.nextLook(lasts)
			m.tell(s, now, false, true)
		case l.bubbled() && lasts >= 2*reportWindow:
			m.rest()
		}
	}
}

// nextLook returns the duration at which the watch looks again at a step that has lasted for
// lasts. The longer the step lasts, the longer is the interval.
func (l *Loop) nextLook(lasts int64) int64 {
	return lasts + min(max(lasts/32, int64(l.cfg.StallThreshold)), reportWindow)
}

// rest has the monitor wait until the step has ended. In a bubble its ticks would
// make time pass for ever, where a step that can never end is to be told of.
func (m *monitor) rest() {
	l := m.l
	l.monitorParked.Store(true)
	if l.mark.Load() || !l.monitorParked.CompareAndSwap(true, false) {
		select {
		case <-l.monitorWake:
		case <-l.closed:
		}
	}
	m.last = l.Elapsed()
}

// settle tells the watch of a step that has ended, and of what the loop has left. It
// returns the longest time that these explain.
func (m *monitor) settle() (covered time.Duration) {
	l := m.l
	if s := m.slow; s != nil {
		if at := s.ended.Load(); at != 0 {
			m.slow = nil
			if s.told || at-s.began >= int64(l.cfg.StallThreshold) {
				m.tell(s, at, true, false)
				covered = time.Duration(at - s.began)
			}
		}
	}
	if n := l.oddity.Swap(nil); n != nil {
		switch {
		case l.bubbled(): // time is virtual: what the process did meanwhile means nothing
			n.evidence = stall.Evidence{Elapsed: n.elapsed, Credited: n.elapsed}
		case n.class == stall.Unknown:
			m.marked.testify(n)
		case n.class == stall.LateTimer:
			m.clock.testify(n)
		case n.class == stall.ManySteps && !n.ended:
			m.turn.testify(n)
		}
		n.turn = l.turnBegan.Load()
		covered = max(covered, n.elapsed)
		l.watch.tell(*n)
	}
	return covered
}

// testify adds what the monitor saw to what the loop knows.
func (s *stretch) testify(n *news) {
	e := &n.evidence
	e.Procs, e.Rivals = runtime.GOMAXPROCS(0), stall.Rivals()
	e.Crowd = float64(e.Rivals)
	if n.step.began != s.began {
		return // it did not get to see it
	}
	s.add(e)
	if s.usage.RunDelay > 0 {
		cpu := e.CPU
		e.Spend(stall.ReadUsage().Since(s.usage))
		e.CPU = cpu // the loop knows it better
	}
}

// tell tells the watch of a step. One that ends meanwhile has not ended for that: settle
// tells of its end.
func (m *monitor) tell(s *slowStep, now int64, ended, look bool) {
	s.told = true
	e := stall.Evidence{Procs: runtime.GOMAXPROCS(0)}
	s.seen.add(&e)
	if m.l.bubbled() { // time is virtual: what the process did meanwhile means nothing
		e.Elapsed = time.Duration(now - s.began)
		e.Credited = e.Elapsed
	} else {
		u := stall.ReadUsage()
		if ended {
			u.CPU = s.cpu
		} else {
			now = m.l.Elapsed() // what the process used since then, it used meanwhile
		}
		e.Elapsed = time.Duration(now - s.began)
		e.Spend(u.Since(s.seen.usage))
	}
	m.l.watch.tell(news{step: s, elapsed: time.Duration(now - s.began), ended: ended, look: look, evidence: e})
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

// wakeMonitor is called when the loop has something to do again, or ended a step for
// whose end the monitor waits.
func (l *Loop) wakeMonitor() {
	if l.monitorParked.CompareAndSwap(true, false) {
		l.monitorWoken.Store(l.Elapsed())
		l.monitorWake <- struct{}{}
	}
}

// stepEnded clears the mark. The monitor, which set it, saw the step begin to
// within a tick.
func (l *Loop) stepEnded() {
	if l.overtime != nil {
		l.mark.Store(false)
		l.overtime.disarm()
		l.overtime.arm()
		return
	}
	began, used := l.markedAt.Load(), l.markedCPU.Load() // the next mark has others
	l.mark.Store(false)
	l.Slice.Store(false)
	now := l.Elapsed()
	if s := l.slow.Swap(nil); s != nil {
		s.cpu = stall.CPUTime()
		now = l.Elapsed()
		s.ended.Store(now)
		l.stepLasted(now, now-s.began)
		if l.monitorParked.Load() {
			l.wakeMonitor()
		}
	} else if l.cfg.StallThreshold > 0 && now-began >= int64(l.cfg.StallThreshold) {
		l.missed(began, used)
	} else {
		l.stepLasted(now, now-began)
	}
	l.watchPace(now)
}

// idles is for a loop that is about to sleep, or is over: nobody runs a step.
func (l *Loop) idles() {
	if l.mark.Load() { // a callback was the last step
		l.stepEnded()
	}
	if l.pace.told.since != 0 {
		l.turnEnded(l.Elapsed())
	}
	l.cur.Store(nil)
	if l.mark.Load() {
		l.unmark()
	}
	l.overtime.disarm()
}

// unmark clears a mark that was set just when the loop went to sleep: what it marks is no
// step. Only if the loop was held up there did the monitor see it last.
func (l *Loop) unmark() {
	l.mark.Store(false)
	l.Slice.Store(false)
	if s := l.slow.Swap(nil); s != nil {
		s.cpu = stall.CPUTime()
		s.ended.Store(l.Elapsed())
	}
}

// missed is for a long step during which the monitor did not get to run.
func (l *Loop) missed(began, used int64) {
	r := l.cur.Load()
	s := &slowStep{task: r.task.Load(), calling: l.calling, runner: r, began: began, cpu: stall.CPUTime()}
	now := l.Elapsed()
	s.ended.Store(now)
	e := stall.Evidence{Elapsed: time.Duration(now - began), CPU: s.cpu - time.Duration(used)}
	l.odd(&news{step: s, elapsed: e.Elapsed, ended: true, evidence: e})
	l.stepLasted(now, now-began)
}
