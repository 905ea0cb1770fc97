package engine

import (
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// How the watch comes to the cause of a stall: from a stack and the evidence, and where that
// takes another look, from one at the other goroutines or at further steps of a turn.

// weigh names the cause of a step's stall.
func (w *watch) weigh(s *slowStep, e stall.Evidence, ended bool) (stall.Class, string) {
	if s.finding.Class == stall.Syscall && !ended && !w.l.bubbled() {
		s.queued = queued()
	}
	e.Queued = s.queued
	class, blame := stall.Weigh(s.finding, e, w.l.cfg.StallThreshold)
	if class != stall.StarvedGo {
		return class, blame
	}
	if s.most == "" && !ended && w.mayCapture(w.l.Elapsed(), false) {
		if f, ok := w.l.rivals(); ok {
			s.most = placeOf(f)
		}
	}
	e.Most = s.most
	return stall.Weigh(s.finding, e, w.l.cfg.StallThreshold)
}

// blames reports whether the class blames what the program does in the step.
func blames(c stall.Class) bool {
	switch c {
	case stall.StarvedGo, stall.StarvedOS, stall.Suspended, stall.LateTimer, stall.GC:
		return false
	}
	return true
}

// proven reports whether a step for which something else was blamed is to blame by now.
func (s *slowStep) proven(r Stall) bool {
	return s.place != nil && !blames(s.place.Class) && blames(r.Class)
}

// queued is the least number of threads that several looks see wanting a processor.
func queued() int {
	n := stall.Queued()
	for range 9 {
		if n == 0 {
			break
		}
		time.Sleep(sampleEvery)
		n = min(n, stall.Queued())
	}
	return n
}

// doubts reports whether the first report of a step may wait for another look: it was seen
// computing, beside other processes, and for a moment longer may prove to be slow by itself.
func (w *watch) doubts(s *slowStep, r Stall) bool {
	if s.place != nil || s.doubt.Load() || r.Class != stall.StarvedOS || s.finding.Class != stall.CPU && s.finding.Class != stall.Syscall || r.Elapsed >= w.l.cfg.StallThreshold*14/10 {
		return false
	}
	s.doubt.Store(true)
	return true
}

// weighOddity names the cause of what is no long step. If a loop that slept woke late for
// goroutines of the program, their line is the place.
func (w *watch) weighOddity(n *news, s *slowStep) {
	switch {
	case w.l.bubbled():
	case n.class == stall.LateTimer:
		n.class, n.blame = stall.WeighWake(n.evidence)
		if n.class == stall.StarvedGo && w.mayCapture(w.l.Elapsed(), false) {
			if f, ok := w.l.rivals(); ok {
				s.finding.Frame, n.evidence.Most = f, placeOf(f)
				_, n.blame = stall.WeighWake(n.evidence)
			}
		}
	case n.class == stall.ManySteps && !n.ended:
		if c, blame := stall.WeighTurn(n.evidence, w.l.cfg.StallThreshold, n.part); c != n.class {
			n.class, n.blame = c, blame
		}
	}
	if n.class == stall.ManySteps && !n.ended {
		w.sample(s, n.turn)
	}
}

const (
	turnSamples = 5
	sampleEvery = time.Millisecond
)

// sample looks at steps of a turn, while that lasts, and takes the function that most of them
// run. If it sees none, that of the callback is the place.
func (w *watch) sample(s *slowStep, turn int64) {
	l := w.l
	seen := map[string]int{}
	for i := range turnSamples {
		if l.turnBegan.Load() != turn || !w.mayCapture(l.Elapsed(), i == 0) {
			break
		}
		trace, _ := l.capture(s.runner)
		f := stall.Classify(trace)
		if l.turnBegan.Load() == turn && f.File != "" {
			if seen[f.Func]++; seen[f.Func] > seen[s.finding.Func] || s.finding.File == "" {
				s.finding, s.stack = f, trace
			}
		}
		if l.bubbled() {
			break // time would pass
		}
		time.Sleep(sampleEvery)
	}
	if s.finding.File != "" || s.task != nil {
		return
	}
	if f := runtime.FuncForPC(s.calling.entry); f != nil {
		file, line := f.FileLine(s.calling.entry)
		if at := (stall.Frame{Func: f.Name(), File: file, Line: line}); at.User() {
			s.finding.Frame = at
		}
	}
}
