package engine

import (
	"cmp"
	"runtime"
	"sync"

	"github.com/asyncio-go/asyncio/internal/callsite"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/histogram"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// A debugger is what a loop in debug mode has: it keeps, for each task, how long its
// steps took, and of the last events a history. It is told of the end of each step
// where the next is picked, and of what the root does where the root does it; in
// debug mode every turn begins on the root, so that it is told of all. Without debug
// mode there is none, and the price of a step is one load of a pointer.
//
// What it keeps is behind a lock, for readers in any goroutine while the loop is
// blocked.
type debugger struct {
	l      *Loop
	labels labels // owned by the loop

	mu      sync.Mutex
	begun   int64 // when the step, or what else is going on, began
	calling bool  // that is a callback
	history history
	sites   map[uintptr]callsite.Finder // of program counters: what was found at each
	steps   histogram.Histogram
}

// taskLife is what the debugger knows of a task.
type taskLife struct {
	stats TaskStats
	last  string // where the step before ended
}

// TaskStats are the figures of one task in debug mode. The places are where the
// longest step began and ended, empty for the task's beginning and its end.
type TaskStats struct {
	Steps                     uint64
	Ran, Longest, Current     int64 // nanoseconds
	LongestFrom, LongestUntil string
}

func newDebugger(l *Loop) *debugger {
	return &debugger{l: l, sites: map[uintptr]callsite.Finder{}}
}

// created is told of a new task, in the goroutine that creates it.
func (d *debugger) created(t *Task) {
	e := t.node.extras()
	e.stack = coro.Stack()
	e.life = &taskLife{}
	now := d.l.Elapsed()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.find(e.stack)
	if !s.User {
		s.At = t.completion.created.String()
	}
	d.history.add(event{what: taskCreated, at: now, task: t.id, name: t.Name(), site: s.At})
}

// begin is told that the root begins to run something.
func (d *debugger) begin() {
	now := d.l.Elapsed()
	d.mu.Lock()
	d.begun = now
	d.mu.Unlock()
}

// ended is told of the end of a step, by the task that parks or the runner whose
// task has ended. The next step begins at once.
func (d *debugger) ended() {
	r := d.l.cur.Load()
	t := r.task.Load()
	if t == nil { // it ended by runtime.Goexit
		d.begin()
		return
	}
	over := t.r == nil
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.l.Elapsed()
	site := ""
	if !over {
		site = d.caller()
	}
	took := now - d.begun
	life := t.node.ext.Load().life
	s := &life.stats
	s.Steps++
	s.Ran += took
	if took > s.Longest || s.Steps == 1 {
		s.Longest, s.LongestFrom, s.LongestUntil = took, life.last, site
	}
	life.last = site
	d.steps.Add(duration(took))
	e := event{what: taskStep, at: d.begun, took: took, task: t.id, name: t.Name(), site: site, why: r.why}
	if over {
		e.what = taskLastStep
	}
	d.history.add(e)
	d.begun = now
}

// calls is told that what begins is a callback.
func (d *debugger) calls() {
	d.mu.Lock()
	d.calling = true
	d.mu.Unlock()
}

// called is told of the end of a callback.
func (d *debugger) called() { d.passed(event{what: callbackRun}, d.l.Elapsed()) }

// waited is told that the loop waited for something to do until now.
func (d *debugger) waited(now int64) { d.passed(event{what: loopWaited}, now) }

// passed records what has gone on since begun.
func (d *debugger) passed(e event, now int64) {
	d.mu.Lock()
	e.at, e.took = d.begun, now-d.begun
	d.history.add(e)
	d.begun, d.calling = now, false
	d.mu.Unlock()
}

// turn is told how many entries the turn has that begins.
func (d *debugger) turn(ready int) {
	now := d.l.Elapsed()
	d.mu.Lock()
	d.history.add(event{what: turnBegun, at: now, took: int64(ready)})
	d.mu.Unlock()
}

// caller is the line of the user's that awaits. Walking the stack is most of what
// debug mode costs: the first frames mostly do.
func (d *debugger) caller() string {
	const own = 4 // Callers, caller, ended, pick
	var few [6]uintptr
	if s := d.find(few[:runtime.Callers(own, few[:])]); s.User {
		return s.At
	}
	var more [32]uintptr
	return d.find(more[:runtime.Callers(own, more[:])]).At
}

// find looks for the user's line in the stack.
func (d *debugger) find(stack []uintptr) (found callsite.Finder) {
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

// Stats returns the figures of a task, false without debug mode. From any goroutine,
// also while the loop is blocked.
func (t *Task) Stats() (TaskStats, bool) {
	l := t.completion.loop
	if l.debug == nil {
		return TaskStats{}, false
	}
	d := l.debug
	d.mu.Lock()
	defer d.mu.Unlock()
	s := t.node.ext.Load().life.stats
	if l.Running() == t {
		s.Current = max(0, l.Elapsed()-d.begun)
	}
	return s, true
}

// StepTimes is how long steps took, nil without debug mode.
func (l *Loop) StepTimes() *histogram.Histogram {
	if l.debug == nil {
		return nil
	}
	return &l.debug.steps
}
