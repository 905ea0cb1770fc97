package inspect

import "github.com/asyncio-go/asyncio/internal/engine"

// An event is a line of the trace.
type event struct {
	at, took int64 // by the loop's clock
	task     uint64
	name     string
	site     string // where the task was created, or where its step ended
	what     eventKind
	why      engine.Why // what the task waits for after the step
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

// history is a ring buffer of the last events.
type history struct {
	events []event
	next   int // index of the oldest event, once the buffer is full
}

// historyLength bounds the events. They take some 5 MB.
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

// snapshot returns a copy of the history and an event for the current step or callback.
func (d *Debugger) snapshot() (events []event, now int64) {
	d.mu.Lock()
	events, begun, calling := d.history.all(), d.begun, d.calling
	now = d.l.Elapsed()
	d.mu.Unlock()
	if calling {
		events = append(events, event{what: callbackRun, at: begun, took: max(0, now-begun), why: goesOn})
	} else if t := d.l.Running(); t != nil {
		events = append(events, event{what: taskStep, at: begun, took: max(0, now-begun), task: t.ID(), name: t.Name(), why: goesOn})
	}
	return events, now
}

// goesOn is the why of an event that has not ended.
const goesOn engine.Why = 255
