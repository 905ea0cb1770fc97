// Package inspect records what a loop in debug mode does: the figures of its tasks, and its last
// events for the trace viewers.
package inspect

import (
	"cmp"
	"runtime"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/callsite"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/histogram"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// A Debugger is the engine.Tracer of a loop in debug mode. It keeps the figures of each task, and
// the last events of the loop. A mutex guards them, as any goroutine may read them while the loop is
// blocked.
type Debugger struct {
	l      *engine.Loop
	labels labels // owned by the loop

	mu      sync.Mutex
	begun   int64 // when the current step, callback or wait began
	calling bool  // a callback runs
	history history
	sites   map[uintptr]callsite.Finder // result of the search, by program counter
	steps   histogram.Histogram
}

// NewDebugger returns a tracer for l.
func NewDebugger(l *engine.Loop) *Debugger {
	return &Debugger{l: l, sites: map[uintptr]callsite.Finder{}}
}

// Created implements engine.Tracer.
func (d *Debugger) Created(t *engine.Task) {
	stack := coro.Stack()
	t.Record(stack)
	now := d.l.Elapsed()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.find(stack)
	if !s.User {
		s.At = t.Site().String()
	}
	d.history.add(event{what: taskCreated, at: now, task: t.ID(), name: t.Name(), site: s.At})
}

// Begin implements engine.Tracer.
func (d *Debugger) Begin() {
	now := d.l.Elapsed()
	d.mu.Lock()
	d.begun = now
	d.mu.Unlock()
}

// StepEnded implements engine.Tracer.
func (d *Debugger) StepEnded(t *engine.Task, last bool, why engine.Why) {
	if t == nil {
		d.Begin()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.l.Elapsed()
	site := ""
	if !last {
		site = d.caller()
	}
	took := now - d.begun
	record := t.Recorded()
	s := &record.Stats
	s.Steps++
	s.Ran += took
	if took > s.Longest || s.Steps == 1 {
		s.Longest, s.LongestFrom, s.LongestUntil = took, record.Last, site
	}
	record.Last = site
	d.steps.Add(time.Duration(took))
	e := event{what: taskStep, at: d.begun, took: took, task: t.ID(), name: t.Name(), site: site, why: why}
	if last {
		e.what = taskLastStep
	}
	d.history.add(e)
	d.begun = now
}

// CallBegan implements engine.Tracer.
func (d *Debugger) CallBegan() {
	d.mu.Lock()
	d.calling = true
	d.mu.Unlock()
}

// CallEnded implements engine.Tracer.
func (d *Debugger) CallEnded() { d.passed(event{what: callbackRun}, d.l.Elapsed()) }

// Waited implements engine.Tracer.
func (d *Debugger) Waited(now int64) { d.passed(event{what: loopWaited}, now) }

// passed records an event that lasted from begun until now.
func (d *Debugger) passed(e event, now int64) {
	d.mu.Lock()
	e.at, e.took = d.begun, now-d.begun
	d.history.add(e)
	d.begun, d.calling = now, false
	d.mu.Unlock()
}

// TurnBegan implements engine.Tracer.
func (d *Debugger) TurnBegan(entries int) {
	now := d.l.Elapsed()
	d.mu.Lock()
	d.history.add(event{what: turnBegun, at: now, took: int64(entries)})
	d.mu.Unlock()
}

// caller returns the line of the program that awaits. The walk of the stack is most of the cost of
// debug mode. The first frames are enough in most cases.
func (d *Debugger) caller() string {
	const own = 4 // runtime.Callers, caller, StepEnded, and the engine's pick
	var few [6]uintptr
	if s := d.find(few[:runtime.Callers(own, few[:])]); s.User {
		return s.At
	}
	var more [32]uintptr
	return d.find(more[:runtime.Callers(own, more[:])]).At
}

// find searches the stack for a line of the program.
func (d *Debugger) find(stack []uintptr) (found callsite.Finder) {
	for _, pc := range stack {
		s, known := d.sites[pc]
		if !known {
			for _, f := range stall.TraceOf([]uintptr{pc}).Frames { // several, if it is in what was inlined
				s.Look(f)
			}
			d.sites[pc] = s
		}
		if s.User {
			return s
		}
		found.At = cmp.Or(found.At, s.At)
	}
	return found
}

// Stats implements engine.Tracer.
func (d *Debugger) Stats(t *engine.Task) engine.TaskStats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := t.Recorded().Stats
	if d.l.Running() == t {
		s.Current = max(0, d.l.Elapsed()-d.begun)
	}
	return s
}

// StepTimes returns the durations of the steps of tasks.
func (d *Debugger) StepTimes() *histogram.Histogram { return &d.steps }
