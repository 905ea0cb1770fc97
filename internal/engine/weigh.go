package engine

import (
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// The watch determines the cause of a stall from a stack and the evidence. If these do not suffice,
// it looks at the other goroutines, or at further steps of the turn.

// weigh returns the class and the blame of a slow step.
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

// proven reports whether r blames the step, and its previous report did not.
func (s *slowStep) proven(r Stall) bool {
	return s.place != nil && !blames(s.place.Class) && blames(r.Class)
}

// queued returns the number of other threads that want a processor: the minimum of ten
// samples, or 0 as soon as one is 0.
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

// doubts reports whether the first report of a step waits for another look, at 1.4 thresholds. The step
// is in a system call, or it computes and will have proved by then that it is slow without other
// processes, too. A look that comes late leaves no time for another one.
func (w *watch) doubts(s *slowStep, r Stall) bool {
	threshold := w.l.cfg.StallThreshold
	late := max(r.Elapsed, time.Duration(w.l.Elapsed()-s.began)) >= threshold*12/10
	if s.place != nil || s.doubt.Load() || r.Class != stall.StarvedOS || late {
		return false
	}
	if s.finding.Class != stall.Syscall && !(s.finding.Class == stall.CPU && r.Evidence.Half(threshold*10/14)) {
		return false
	}
	s.doubt.Store(true)
	return true
}

// weighOddity sets the class and the blame of an anomaly. If goroutines of the program delayed the
// wake of the loop, their line is the place.
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

// sample captures steps of a turn while the turn lasts. The place is the function that most of them
// run. Without a stack, it is the function of the callback.
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
			break // a sleep would make virtual time pass
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
