package inspect

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// WriteTrace writes the history as JSON in Chrome's trace event format, which Perfetto's viewer opens.
// It can be called from any goroutine, also while the loop is blocked.
//
// The loop is a thread of its process. Its slices are the steps of tasks, callbacks, and waits of the
// loop. Each task has a track, which shows how long the task lived and what it waited for. Arrows lead
// from the creation of a task to its first step.
func (d *Debugger) WriteTrace(w io.Writer) error {
	events, now := d.snapshot()
	b := bufio.NewWriter(w)
	t := tracer{w: b, now: now, open: map[uint64]*track{}}
	t.write(d.l.Config().Name, events)
	if t.err != nil {
		return t.err
	}
	return b.Flush()
}

// tracer writes events in the order of their ends; the viewer sorts them.
type tracer struct {
	w     *bufio.Writer
	now   int64
	count int
	open  map[uint64]*track
	order []*track // as opened: the output is the same each time
	made  []*track // since the last slice
	err   error
}

// A track is a task's.
type track struct {
	id      uint64
	name    string
	at      int64  // when it was created, or was first seen
	arrow   bool   // to its first step, which is to come
	waiting string // the slice of waiting that is open
	ended   bool
}

// traceEvent is one event of the format. Ts and Dur are microseconds.
type traceEvent struct {
	Name string         `json:"name"`
	Cat  string         `json:"cat,omitempty"`
	Ph   string         `json:"ph"`
	Ts   float64        `json:"ts"`
	Dur  *float64       `json:"dur,omitempty"`
	Pid  int            `json:"pid"`
	Tid  int            `json:"tid"`
	ID   string         `json:"id,omitempty"`
	BP   string         `json:"bp,omitempty"`
	Args map[string]any `json:"args,omitempty"`
}

const (
	tracePid = 1
	traceTid = 1
)

func micros(ns int64) float64 { return float64(ns) / 1e3 }

func (t *tracer) write(name string, events []event) {
	if name == "" {
		name = "event loop"
	}
	fmt.Fprint(t.w, `{"displayTimeUnit":"ms","traceEvents":[`)
	t.emit(traceEvent{Name: "process_name", Ph: "M", Args: map[string]any{"name": name}})
	t.emit(traceEvent{Name: "thread_name", Ph: "M", Args: map[string]any{"name": "loop"}})
	for _, e := range events {
		t.event(e)
	}
	for _, k := range t.order {
		if !k.ended {
			t.wait(k, t.now, "")
			t.async(k, "e", k.name, t.now, nil)
		}
	}
	fmt.Fprint(t.w, "\n]}\n")
}

func (t *tracer) emit(e traceEvent) {
	e.Pid, e.Tid = tracePid, traceTid
	line, err := json.Marshal(e)
	if err != nil && t.err == nil {
		t.err = err
	}
	if t.count++; t.count > 1 {
		t.w.WriteByte(',')
	}
	t.w.WriteByte('\n')
	t.w.Write(line)
}

// slice emits something that the loop did. From those of its own slices in which tasks
// were created, arrows begin: a viewer refuses one that begins in none.
func (t *tracer) slice(e event, name, cat string, args map[string]any) {
	took := micros(e.took)
	t.emit(traceEvent{Name: name, Cat: cat, Ph: "X", Ts: micros(e.at), Dur: &took, Args: args})
	for _, k := range t.made {
		if k.arrow = k.at >= e.at && k.id != e.task && e.what != loopWaited; k.arrow {
			t.emit(traceEvent{Name: "create", Cat: "create", Ph: "s", Ts: micros(k.at), ID: traceID(k.id)})
		}
	}
	t.made = t.made[:0]
}

func (t *tracer) event(e event) {
	switch e.what {
	case taskCreated:
		t.made = append(t.made, t.track(e, map[string]any{"task": e.task, "created": e.site}))
	case taskStep, taskLastStep:
		t.step(e)
	case callbackRun:
		var args map[string]any
		if e.why == goesOn {
			args = map[string]any{"running": true}
		}
		t.slice(e, "callback", "callback", args)
	case loopWaited:
		t.slice(e, "idle", "idle", nil)
	case turnBegun:
		t.emit(traceEvent{Name: "ready", Ph: "C", Ts: micros(e.at), Args: map[string]any{"entries": e.took}})
	}
}

func (t *tracer) step(e event) {
	k := t.track(e, map[string]any{"task": e.task})
	t.wait(k, e.at, "")
	args := map[string]any{"task": e.task}
	if e.site != "" {
		args["until"] = e.site
	}
	switch {
	case e.what == taskLastStep:
		args["ended"] = true
	case e.why == goesOn:
		args["running"] = true
	default:
		args["awaits"] = e.why.String()
	}
	t.slice(e, e.name, "step", args)
	if k.arrow {
		k.arrow = false
		t.emit(traceEvent{Name: "create", Cat: "create", Ph: "f", BP: "e", Ts: micros(e.at), ID: traceID(e.task)})
	}
	end := e.at + e.took
	switch {
	case e.what == taskLastStep:
		t.async(k, "e", k.name, end, nil)
		k.ended = true
	case e.why != goesOn:
		t.wait(k, end, e.why.String())
	}
}

// track returns the task's track, which begins with the first event that is known of
// the task.
func (t *tracer) track(e event, args map[string]any) *track {
	k := t.open[e.task]
	if k == nil {
		k = &track{id: e.task, name: e.name, at: e.at}
		t.open[e.task] = k
		t.order = append(t.order, k)
		t.async(k, "b", k.name, e.at, args)
	}
	return k
}

// wait ends the slice of waiting that is open, and begins another unless what is
// empty. An end has the name of its beginning: some viewers find it by that.
func (t *tracer) wait(k *track, at int64, what string) {
	if k.waiting != "" {
		t.async(k, "e", k.waiting, at, nil)
	}
	if k.waiting = what; what != "" {
		t.async(k, "b", what, at, nil)
	}
}

func (t *tracer) async(k *track, ph, name string, at int64, args map[string]any) {
	t.emit(traceEvent{Name: name, Cat: "task", Ph: ph, Ts: micros(at), ID: traceID(k.id), Args: args})
}

func traceID(task uint64) string { return fmt.Sprintf("0x%x", task) }
