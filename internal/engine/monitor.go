package engine

import (
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// The monitor is the goroutine that detects slow steps. A step publishes nothing: the monitor
// sets a mark at each tick, and the end of a step clears it. A mark that is still set at the next
// tick belongs to the same step. A step without a mark costs one load.
//
// The monitor parks while the loop sleeps. The loop's next step wakes it. Work that takes time,
// such as stacks and reports, is done by the watch.
type monitor struct {
	l          *Loop
	tick       time.Duration
	sliceTicks int // ticks after which a marked step has used up its time slice

	last   int64      // time of the last tick
	clock  readings   // usage of the process at the last ticks
	stop   standstill // in which the process stood still since the last tick
	gap    *news      // a stop without a step, until the next tick; nil: none
	marked stretch    // observation of the marked step
	turn   stretch    // observation of the turn
	slow   *slowStep  // the slow step that has not been settled; nil: none
}

// A stretch is an observation of a marked step or of a turn, from its beginning on.
type stretch struct {
	began    int64
	usage    stall.Usage // of the process at its beginning; the CPU time of a turn comes from the loop
	ticks    int
	credited int64       // time that the ticks account for
	stopped  int64       // time of gaps in which the process stood still
	rivals   int         // the least number of other goroutines that wanted a processor; -1: unknown
	crowd    int         // the sum of these numbers
	active   int         // the same with the step's own goroutine, which may wait
	looks    int         // how many numbers crowd and active sum
	before   stall.Usage // the last reading of all counters before the beginning
}

const (
	monitorTick = 5 * time.Millisecond
	timeSlice   = 10 * time.Millisecond
	maxCredit   = int64(25 * time.Millisecond) // the rest of a longer gap between two ticks is not credited
)

// A slowStep is a step that has lasted for a time slice or longer.
type slowStep struct {
	task    *Task // nil: a callback
	calling calling
	runner  *runner
	began   int64         // to within a tick
	cpu     time.Duration // CPU time of the process at the end of the step; set by the loop before ended
	ended   atomic.Int64  // set by the loop; 0: the step still runs

	// Owned by the monitor.
	seen  stretch
	next  int64 // duration at which the watch is notified next
	times int64 // next in thresholds
	told  bool  // the watch was notified
	early bool  // the watch was notified again before the first report, see doubt

	// Owned by the watch.
	finding stall.Finding
	stack   string
	alone   bool // see capture
	place   *spot
	muted   bool
	doubt   atomic.Bool // the first report waits for another look; the monitor reads it
	queued  int         // other threads that wanted a processor at the last look
	most    string      // the line that most of its rivals run
	over    bool        // its end was handled
	unseen  bool        // its stack was not captured because of the limit of captures
	ready   int         // the maximum number of ready tasks and callbacks
	late    int         // the maximum number of late timers
	phases  []phase
	phase   int           // index of the current phase
	moving  string        // key of a new phase that one look has seen; "": none
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

// look handles a tick. It reports false when the loop has ended.
func (m *monitor) look() bool {
	l := m.l
	now := l.Elapsed()
	gap := now - m.last
	m.last = now
	turn := l.turnBegan.Load() // before settle, which may handle news of this turn
	m.clock.read(now)
	m.stood(now, gap)
	covered := m.settle()
	m.report(covered)
	m.follow(turn, gap)
	m.goesOn(covered)
	switch {
	case l.cur.Load() == nil:
		m.explain(m.settle()) // settle again before parking: the next tick may be far
		if !l.parkMonitor() {
			return false
		}
		m.last = max(m.last, l.monitorWoken.Load()) // the process may have been stopped since
	case l.mark.Load():
		m.marked.pass(gap)
		if m.marked.ticks >= m.sliceTicks {
			m.observe(now)
		}
	case m.slow != nil: // the loop is ending the step: a mark set now would belong to another step
	default:
		l.probe(now)
		m.set()
	}
	return true
}

// pass adds a tick.
func (s *stretch) pass(gap int64) {
	s.ticks++
	s.credited += min(gap, maxCredit)
}

// rival adds the number of other goroutines that want a processor.
func (s *stretch) rival() {
	n := stall.Wanting() - 1 // without the monitor
	s.active += max(0, n)
	n = max(0, n-1)
	if s.rivals < 0 || n < s.rivals {
		s.rivals = n
	}
	s.crowd += n
	s.looks++
}

// add adds the observation to the evidence.
func (s *stretch) add(e *stall.Evidence) {
	e.Credited, e.Stopped, e.Samples = time.Duration(s.credited), time.Duration(s.stopped), s.ticks
	if s.rivals >= 0 {
		e.Rivals, e.Crowd, e.Active = s.rivals, float64(s.crowd)/float64(s.looks), float64(s.active)/float64(s.looks)
	}
}

// follow observes the turn that began at the given time.
func (m *monitor) follow(began, gap int64) {
	if began != m.turn.began {
		m.turn = stretch{began: began, rivals: -1, before: m.clock.before}
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

// set sets the mark and then reads the time. In the other order, a delay of the monitor would
// give the step a beginning that is too early. A step that ends before the time is stored is not
// observed. If the monitor is delayed between the readings, they do not belong together, and it
// reads again.
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
	m.marked = stretch{began: now, usage: used, rivals: -1, before: m.clock.now}
	l.markedCPU.Store(int64(used.CPU))
	l.markedAt.Store(now)
}

// observe handles a tick of a step that has used up its time slice.
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
			m.slow = nil // the loop had not seen m.slow and has reported the step itself
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

// rest waits until the step has ended. In a bubble, further ticks would make virtual time pass
// without end, and the deadlock of a step that never ends would not be detected.
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

// settle notifies the watch of a step that has ended, and of an anomaly that the loop has left. It
// returns the longer duration of the two.
func (m *monitor) settle() (covered time.Duration) {
	l := m.l
	if s := m.slow; s != nil {
		if at := s.ended.Load(); at != 0 {
			m.slow = nil
			s.seen.stopped += m.stop.within(s.began, at)
			if s.told || at-s.began >= int64(l.cfg.StallThreshold) {
				m.tell(s, at, true, false)
				covered = time.Duration(at - s.began)
			}
		}
	}
	if n := l.oddity.Swap(nil); n != nil {
		switch {
		case l.bubbled(): // time is virtual: the usage of the process means nothing
			n.evidence = stall.Evidence{Elapsed: n.elapsed, Credited: n.elapsed}
		case n.class == stall.Unknown:
			m.testify(&m.marked, n)
			n.evidence.Stopped += time.Duration(m.stop.within(n.step.began, n.step.ended.Load()))
		case n.class == stall.LateTimer:
			m.clock.testify(n, l.Elapsed())
		case n.class == stall.ManySteps && !n.ended:
			m.testify(&m.turn, n)
		}
		n.turn = l.turnBegan.Load()
		covered = max(covered, n.elapsed)
		l.watch.tell(*n)
	}
	return covered
}

// testify adds the observation s to the evidence of the news.
func (m *monitor) testify(s *stretch, n *news) {
	e := &n.evidence
	e.Procs, e.Rivals = runtime.GOMAXPROCS(0), max(0, stall.Wanting()-2)
	e.Crowd = float64(e.Rivals)
	observed := n.step.began == s.began
	if observed {
		s.add(e)
	}
	u := stall.ReadUsage()
	if !observed || !s.usage.DelayKnown { // a bound: no stop is proven while threads may have been queued
		since := u.Since(m.clock.before)
		e.RunDelay, e.DelayKnown = since.RunDelay, since.DelayKnown
		return
	}
	cpu := e.CPU
	e.Spend(u.Since(s.usage))
	e.CPU = cpu // the loop's value is more exact
	s.bound(e, u)
}

// bound adds the most that RunDelay can be to the evidence. The counter is first read when the step
// has used up its time slice, which may be late if threads are queued.
func (s *stretch) bound(e *stall.Evidence, now stall.Usage) {
	since := now.Since(s.before)
	e.MostDelay, e.DelayKnown = since.RunDelay, e.DelayKnown && since.DelayKnown
}

// tell notifies the watch of a step. If the step ends during the call, settle notifies the watch
// of its end later.
func (m *monitor) tell(s *slowStep, now int64, ended, look bool) {
	s.told = true
	e := stall.Evidence{Procs: runtime.GOMAXPROCS(0)}
	s.seen.add(&e)
	if m.l.bubbled() { // time is virtual: the usage of the process means nothing
		e.Elapsed = time.Duration(now - s.began)
		e.Credited = e.Elapsed
	} else {
		u := stall.ReadUsage()
		if ended {
			u.CPU = s.cpu
		} else {
			now = m.l.Elapsed() // the time of the reading
		}
		e.Elapsed = time.Duration(now - s.began)
		e.Spend(u.Since(s.seen.usage))
		s.seen.bound(&e, u)
	}
	m.l.watch.tell(news{step: s, elapsed: time.Duration(now - s.began), ended: ended, look: look, evidence: e})
}

// parkMonitor waits until the loop has something to do. It reports false when the loop has
// ended.
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

// wakeMonitor wakes a parked monitor. The loop calls it when it has something to do again, and
// when a step has ended for which the monitor rests.
func (l *Loop) wakeMonitor() {
	if l.monitorParked.CompareAndSwap(true, false) {
		l.monitorWoken.Store(l.Elapsed())
		l.monitorWake <- struct{}{}
	}
}

// stepEnded clears the mark at the end of a step. The time of the mark is the beginning of the
// step, to within a tick.
func (l *Loop) stepEnded() {
	if l.overtime != nil {
		l.mark.Store(false)
		l.overtime.disarm()
		l.overtime.arm()
		return
	}
	began, used := l.markedAt.Load(), l.markedCPU.Load() // before the next mark replaces them
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

// idles is called before the loop sleeps and when it ends. No step runs then.
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

// unmark clears a mark that was set while the loop was about to sleep. It belongs to no step. There
// is a slow step only if the loop was delayed at that point.
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
