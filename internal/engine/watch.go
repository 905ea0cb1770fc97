package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/histogram"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// The watch reports what blocks the loop. It is a goroutine that the first stall starts. The
// monitor sends it observations, and continues to tick while the watch captures stacks. The watch
// calls no function of the user: the handler and the logger have their own goroutines, see
// delivery.go.
type watch struct {
	l        *Loop
	once     sync.Once
	begun    atomic.Bool
	news     chan news
	done     chan struct{}
	lost     atomic.Int64 // news that found the channel full
	delivery delivery

	ids        uint64 // the last ID given to a stall
	places     places
	taken      []int64       // when stacks were taken, within the last ten seconds
	printAfter int64         // time from which runtime.Stack may be called again
	failed     []error       // for Run, once the watch has ended
	silent     int           // stalls that were not reported since the last report
	turn       *slowStep     // the turn of many steps that was reported and has not ended; nil: none
	turnBlame  string        // blame of the last report of turn
	left       int           // stalls that were not reported
	leftTook   time.Duration // their total duration
	open       *slowStep     // the step of the last look, until its end; nil: none
	missing    int64         // lost news at which the end of open was checked
	current    atomic.Pointer[Stall]
	lasted     [stall.Classes]atomic.Pointer[histogram.Histogram] // durations of the stalls that have ended; nil: none
}

// news is a message of the monitor to the watch. It is about a slow step, or about an anomaly of
// the given class.
type news struct {
	step     *slowStep
	class    stall.Class // of an anomaly; Unknown for a slow step
	blame    string
	elapsed  time.Duration
	ended    bool
	look     bool // a further look at a stall: report it only at a new place
	evidence stall.Evidence
	used     stall.Usage // usage of the process when the loop woke late
	turn     int64       // when the current turn began
	part     float64     // share of a turn of many steps that has run
	ready    int
	late     int
}

const (
	reportWindow  = int64(time.Minute)
	maxCaptures   = 20  // captures in a window, for a stall that was captured before
	maxLooks      = 100 // captures in a window, for any stall
	captureWindow = 10 * time.Second
	watchPatience = time.Second
)

// tell sends news to the watch and starts the watch if necessary. It does not wait: if the channel
// is full, it counts the news as lost. Only the monitor calls it.
func (w *watch) tell(n news) {
	w.once.Do(func() {
		w.news, w.done = make(chan news, 32), make(chan struct{})
		w.begun.Store(true)
		go w.run()
	})
	select {
	case w.news <- n:
	default:
		w.lost.Add(1)
	}
}

// close ends the watch after the news in the channel. Only the monitor calls it.
func (w *watch) close() {
	if w.begun.Load() {
		close(w.news)
	}
}

// wait waits until the watch has ended, and until the handler and the logger have returned from
// all calls. It waits for a second at most.
func (w *watch) wait() {
	if !w.begun.Load() {
		return
	}
	patience := time.NewTimer(watchPatience)
	defer patience.Stop()
	select {
	case <-w.done:
		w.l.stalled = w.failed
	case <-patience.C:
		return
	}
	w.delivery.wait(patience.C)
}

func (w *watch) run() {
	defer close(w.done)
	for n := range w.news {
		w.hear(n)
		if lost := w.lost.Load(); lost != w.missing && len(w.news) == 0 {
			w.missing = lost
			w.endOpen()
		}
	}
	w.endOpen()
	w.sum()
}

func (w *watch) hear(n news) {
	if w.open != n.step && w.lost.Load() != w.missing { // otherwise the news of its end follow
		w.endOpen()
	}
	now := w.l.Elapsed()
	switch s := n.step; {
	case n.class != stall.Unknown:
		w.oddity(n, now)
	case n.ended:
		w.end(n, now)
	case s.ended.Load() == 0: // otherwise the news of its end follows
		w.during(n, now)
	}
}

// endOpen ends the open step if it has ended and the news of that were lost. The evidence is that of
// the last look.
func (w *watch) endOpen() {
	s := w.open
	if s == nil {
		return
	}
	if at := s.ended.Load(); at != 0 {
		w.end(news{step: s, elapsed: time.Duration(at - s.began), ended: true, evidence: s.evidence}, w.l.Elapsed())
	}
}

// during handles news of a step that still runs.
func (w *watch) during(n news, now int64) {
	s := n.step
	w.open = s
	if w.mayCapture(now, s.stack == "") || n.elapsed/8 >= w.l.cfg.StallThreshold {
		s.unseen = false
		if trace, alone := w.l.capture(s.runner); trace != "" && s.ended.Load() == 0 {
			s.alone = alone
			s.see(trace, stall.Classify(trace))
		}
	} else if s.stack == "" { // the limit of captures is reached: do not report it
		s.unseen = true
		s.evidence = n.evidence
		return
	}
	if s.ended.Load() != 0 {
		s.evidence = n.evidence
		return
	}
	moved := s.moveOn(n.elapsed, n.evidence)
	r := w.report(n)
	switch {
	case s.phase == maxPhases:
		r.Class, r.Blame, r.Advice = stall.Unknown, fmt.Sprintf("the step was at more than %d places; the time at further ones is counted together", maxPhases), ""
	case r.Class == stall.Unknown:
		r.Blame = "its stack was not found"
	}
	w.current.Store(&r)
	if w.doubts(s, r) {
		s.keep()
		return
	}
	if !moved && s.proven(r) {
		moved = true
		w.places.leave(s.place)
	}
	if s.place == nil || moved {
		n.look = n.look && s.place != nil // the first report
		w.enter(s, r, now)
	}
	due := s.muted && now-s.place.reported >= reportWindow
	if due {
		s.muted = false
	}
	s.keep()
	w.places.lasts(s, r)
	if !s.muted && (moved || due || !n.look) {
		w.emit(r, s, now)
	}
}

// see sets the stack and the finding of a look. In a recursion that is deeper than a profile, a look may
// show no line of the program. Then the step keeps those of an earlier look, if the class is the same.
func (s *slowStep) see(stack string, f stall.Finding) {
	if f.Class == s.finding.Class && s.finding.Program() && !f.Program() {
		return
	}
	s.stack, s.finding = stack, f
}

// end handles news of the end of a slow step.
func (w *watch) end(n news, now int64) {
	s := n.step
	if s.over { // the watch has found its end itself
		return
	}
	s.over = true
	w.open = nil
	w.current.Store(nil)
	most := s.longest(n.elapsed)
	r := w.report(n)
	if r.AtPlace = most; most > 0 {
		r.Blame = fmt.Sprintf("%v of %v%s%s", round(most), round(n.elapsed), spentHere, r.Blame)
	}
	if p := s.elsewhere(); p != nil {
		r.Blame += fmt.Sprintf("; %v were spent at further places, which are counted together", round(p.took))
	}
	if s.place == nil {
		w.enter(s, r, now)
	}
	w.places.ended(s, n.elapsed)
	w.fail(r)
	w.count(r)
	w.emitOrCount(r, s, now)
}

// emitOrCount reports a stall that has ended, or that is reported only once. If the stall is
// muted, emitOrCount counts it instead.
func (w *watch) emitOrCount(r Stall, s *slowStep, now int64) {
	if s.muted {
		w.leaveOut(s.place, r.Elapsed)
		return
	}
	w.emit(r, s, now)
}

// oddity handles news of an anomaly.
func (w *watch) oddity(n news, now int64) {
	s := n.step
	if s == nil {
		s = &slowStep{}
	}
	turn := n.class == stall.ManySteps
	before := w.turn
	again := turn && before != nil && before.began == s.began
	if again {
		if !n.ended && blames(before.place.Class) {
			return // its beginning was reported
		}
		s.reported = before.reported
	}
	w.weighOddity(&n, s)
	if again && !n.ended && !blames(n.class) {
		return // it is still held up
	}
	r := Stall{ID: w.identify(s), Loop: w.l, Class: n.class, Finding: s.finding, Stack: s.stack, Elapsed: n.elapsed, Ended: n.ended, Blame: n.blame, Ready: n.ready, Late: n.late, Evidence: n.evidence}
	r.Advice = stall.Advice(n.class, r.Finding, s.runner != nil && s.task == nil)
	if s.runner != nil && (!turn || n.class == stall.ManySteps) { // no task is to blame for a turn that is held up
		r.Task = s.task
		r.Name, r.Created = s.describe()
	}
	if turn && n.ended {
		w.endTurn(r, s, now)
		return
	}
	if again {
		w.places.leave(before.place)
	}
	w.enter(s, r, now)
	w.fail(r)
	if turn { // endTurn counts it
		w.turn, w.turnBlame = s, r.Blame
		if !s.muted {
			w.emit(r, s, now)
		}
		return
	}
	w.count(r)
	w.places.took(s.place, n.elapsed)
	w.emitOrCount(r, s, now)
}

// endTurn reports the end of a turn of many steps, if its beginning was reported.
func (w *watch) endTurn(r Stall, s *slowStep, now int64) {
	t := w.turn
	w.turn = nil
	if t == nil || t.began != s.began {
		return
	}
	s.place, s.muted = t.place, t.muted
	r.Finding, r.Stack = t.finding, t.stack
	if c := t.place.Class; c != r.Class { // it was held up
		r.Class, r.Blame, r.Advice = c, w.turnBlame, stall.Advice(c, r.Finding, false)
		r.Task, r.Name, r.Created = nil, "", ""
	}
	w.count(r)
	w.places.took(s.place, r.Elapsed)
	w.emitOrCount(r, s, now)
}

// leaveOut counts a stall that is not reported, or an end that is not reported.
func (w *watch) leaveOut(p *spot, took time.Duration) {
	p.muted = true
	w.silent++
	w.left++
	w.leftTook += took
}

// count adds the duration of a stall that has ended, or that is reported only once.
func (w *watch) count(r Stall) {
	h := w.lasted[r.Class].Load()
	if h == nil {
		h = &histogram.Histogram{}
		defer w.lasted[r.Class].Store(h)
	}
	h.Add(r.Elapsed)
}

// fail keeps a stall as an error of Run, if StallsFail is set and the class blames the program.
func (w *watch) fail(r Stall) {
	if blames(r.Class) && w.l.cfg.StallsFail && len(w.failed) < maxKept {
		w.failed = append(w.failed, w.l.cfg.NewStallError(r))
	}
}

// report returns the report of a slow step.
func (w *watch) report(n news) Stall {
	s := n.step
	r := Stall{ID: w.identify(s), Loop: w.l, Task: s.task, Finding: s.finding, Stack: s.stack, Elapsed: n.elapsed, Ended: n.ended, Evidence: n.evidence, step: s}
	r.Name, r.Created = s.describe()
	n.evidence.Alone = s.alone
	e := n.evidence
	if !n.ended {
		e = s.ofPhase(e)
	}
	r.Class, r.Blame = w.weigh(s, e, n.ended)
	r.Advice = stall.Advice(r.Class, s.finding, s.task == nil)
	if !n.ended {
		s.ready, s.late = max(s.ready, w.l.readyNow()), max(s.late, w.l.lateNow(w.l.Elapsed()))
	}
	r.Ready, r.Late = s.ready, s.late
	return r
}

// describe returns the name and the origin of the task or the callback. Only the watch calls it
// once the stack is set.
func (s *slowStep) describe() (name, created string) {
	if s.task == nil {
		return s.calling.describe(s.stack)
	}
	return s.task.Name(), s.task.Created()
}

// enter counts the stall at its place. It mutes a stall at a place that was reported within the
// last minute.
func (w *watch) enter(s *slowStep, r Stall, now int64) {
	p := w.places.enter(r)
	s.place, s.muted = p, (s.unseen || now-p.reported < reportWindow) && !w.l.cfg.EveryStall
}

// mayCapture reports whether a stack may be captured now, which bounds the cost of captures.
// The first capture of a stall has a higher limit, as the stall may be at a new place.
func (w *watch) mayCapture(now int64, first bool) bool {
	w.taken = since(w.taken, now-int64(captureWindow))
	if len(w.taken) >= maxLooks || len(w.taken) >= maxCaptures && !first {
		return false
	}
	w.taken = append(w.taken, now)
	return true
}

// since returns times without those before from.
func since(times []int64, from int64) []int64 {
	for len(times) > 0 && times[0] < from {
		times = times[1:]
	}
	return times
}

// A StallCount is how long the stalls of a class lasted.
type StallCount struct {
	Class  stall.Class
	Lasted *histogram.Histogram
}

// StallCounts returns the durations of the stalls that have ended, by class. It can be called from
// any goroutine.
func (l *Loop) StallCounts() []StallCount {
	var counts []StallCount
	for c := range stall.Classes {
		if h := l.watch.lasted[c].Load(); h != nil {
			counts = append(counts, StallCount{c, h})
		}
	}
	return counts
}

// Stalled returns the report of the current stall, with its duration so far. It returns nil if
// there is none. It can be called from any goroutine.
func (l *Loop) Stalled() *Stall {
	s := l.slow.Load()
	if s == nil || s.ended.Load() != 0 {
		return nil
	}
	took := time.Duration(l.Elapsed() - s.began)
	if took < l.cfg.StallThreshold {
		return nil
	}
	r := Stall{Loop: l, Task: s.task}
	if known := l.watch.current.Load(); known != nil && known.step == s {
		r = *known
	} else if r.Name, r.Created = s.calling.describe(""); s.task != nil {
		r.Name, r.Created = s.task.Name(), s.task.Created()
	}
	r.Elapsed = took
	return &r
}
