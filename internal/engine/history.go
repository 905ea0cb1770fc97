package engine

import (
	"errors"
	"time"
)

// An event is something that the loop did, for Trace.
type event struct {
	at, took int64 // by the loop's clock
	task     uint64
	name     string
	site     string // where the task was created, or where its step ended
	what     eventKind
	why      why // what the task waits for after the step
}

type eventKind uint8

const (
	taskCreated eventKind = iota
	taskStep
	taskLastStep
	callbackRun
	loopWaited
	turnBegun // took is the number of entries
)

// history is a ring of the last events.
type history struct {
	events []event
	next   int // of the ring, once it is full
}

// historyLength is the number of events kept: some 5 MB.
const historyLength = 1 << 16

func (h *history) add(e event) {
	if len(h.events) < historyLength {
		h.events = append(h.events, e)
		return
	}
	h.events[h.next] = e
	h.next = (h.next + 1) % historyLength
}

// all returns a copy of the events, the oldest first.
func (h *history) all() []event {
	events := make([]event, 0, len(h.events))
	events = append(events, h.events[h.next:]...)
	return append(events, h.events[:h.next]...)
}

// errNoDebug is returned by Trace without debug mode.
var errNoDebug = errors.New("asyncio: Trace: the loop keeps no history; give it WithDebug(true), or set ASYNCIO_DEBUG=1")

// snapshot copies the history, and adds what is going on now.
func (d *debugger) snapshot() (events []event, now int64) {
	d.mu.Lock()
	events, begun, calling := d.history.all(), d.begun, d.calling
	now = d.l.Elapsed()
	d.mu.Unlock()
	if calling {
		events = append(events, event{what: callbackRun, at: begun, took: max(0, now-begun), why: goesOn})
	} else if t := d.l.Running(); t != nil {
		events = append(events, event{what: taskStep, at: begun, took: max(0, now-begun), task: t.id, name: t.Name(), why: goesOn})
	}
	return events, now
}

// goesOn stands for what a task waits for that runs.
const goesOn why = 255

func duration(d int64) time.Duration { return time.Duration(d) }
