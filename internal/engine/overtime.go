package engine

import (
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// An overtime detects the steps during which virtual time passes. The time of a bubble passes only while
// all of its goroutines wait, so such a step waits without an await.
//
// A timer is set whenever the loop may run steps, and stopped before the loop sleeps. It
// fires only during a step. When it fires, all other goroutines of the bubble are blocked.
type overtime struct {
	l     *Loop
	timer *time.Timer
	armed bool          // owned by the loop
	fired chan struct{} // the function of the timer has returned
}

func newOvertime(l *Loop) *overtime {
	o := &overtime{l: l, armed: true, fired: make(chan struct{}, 1)}
	o.timer = time.AfterFunc(l.cfg.BlockedAfter, o.report)
	return o
}

// report runs in the timer's goroutine. It sets the mark, so that the end of the step sets the timer
// for the next one.
func (o *overtime) report() {
	defer func() { o.fired <- struct{}{} }()
	o.l.mark.Store(true)
	s := o.l.StepNow()
	if !o.l.mark.Load() { // the step ended at the same instant, and the loop may run the next one
		s = Stall{Loop: o.l}
	}
	o.l.cfg.OnBlocked(s)
}

// arm sets the timer. The loop calls it before it runs steps.
func (o *overtime) arm() {
	if o != nil && !o.armed {
		o.armed = true
		o.timer.Reset(o.l.cfg.BlockedAfter)
	}
}

// disarm stops the timer, and waits for a report that is under way. The loop calls it when no step
// runs.
func (o *overtime) disarm() {
	if o == nil || !o.armed {
		return
	}
	o.armed = false
	if !o.timer.Stop() {
		<-o.fired
	}
}

// StepNow describes the running step. The caller must know that the step waits. StepNow can be
// called from any goroutine.
func (l *Loop) StepNow() Stall {
	s := Stall{Loop: l}
	r := l.cur.Load()
	if r == nil {
		return s
	}
	s.Task = r.task.Load()
	call := l.callingNow()
	if g := stepOf(stall.Goroutines(), coro.NumberOf(r.g.Load())); g.ID != 0 {
		trace := cut(stall.Parse(g.Trace))
		s.Finding, s.Stack = trace.Classify(), trace.String()
		s.Class = s.Finding.Class
		s.Advice = stall.Advice(s.Class, s.Finding, s.Task == nil)
	}
	if s.Task != nil {
		s.Name, s.Created = s.Task.Name(), s.Task.Created()
	} else {
		s.Name, s.Created = call.describe(s.Stack)
	}
	return s
}

// stepOf returns the goroutine of a step. It is the runner's, or that of a coroutine which the step
// has resumed by iter.Pull.
func stepOf(all []stall.Goroutine, runner uint64) stall.Goroutine {
	for _, g := range all {
		switch {
		case g.ID == runner && g.State != "coroutine":
			return g
		case g.PulledBy(runner):
			if found := stepOf(all, g.ID); found.ID != 0 {
				return found
			}
		}
	}
	return stall.Goroutine{}
}

// Progress is a value that each step and each turn of a loop changes.
type Progress = progress

// Progress returns the current value. It can be called from any goroutine.
func (l *Loop) Progress() Progress { return l.progress() }

// Idle reports whether no step ran.
func (p progress) Idle() bool { return p.idle }

// Tree is Dump for a loop in a bubble, which no goroutine outside of the bubble may wake.
func (l *Loop) Tree() string { return l.dumpOutside("") }
