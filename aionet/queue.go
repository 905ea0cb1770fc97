package aionet

import (
	"github.com/asyncio-go/asyncio/internal/engine"
)

// Writers of messages queue, as each message is whole. The direction of writing is held
// by one of them, or by nextInQueue; the others stand in endpoint.queue, and each hands
// the direction to the next. While the queue is not empty the direction is held.

// nextInQueue holds a direction for the task that was woken to take it.
var nextInQueue = new(engine.Task)

// enqueue suspends the task until it may write. It reports whether it holds the
// direction, which leave then ends: a task that has it already does not take it again.
func (e *endpoint) enqueue(caller engine.Caller) (taken bool, err error) {
	h := &e.w
	if err := caller.Err(); err != nil {
		return false, caller.Refuse(err)
	}
	for h.holder != nil {
		if h.holder == caller.Task() {
			return false, nil
		}
		deadline, err := e.usable(caller, h)
		if err != nil {
			return false, err
		}
		if e.queue == nil {
			e.queue = new(engine.WaitList)
		}
		switch caller.ParkUntil(e.queue, deadline, engine.ForWrite) {
		case engine.WokenByEvent:
			h.holder = caller.Task()
			return true, nil
		case engine.WokenByCancel:
			return false, caller.Err()
		}
	}
	h.holder = caller.Task()
	return true, nil
}

// leave hands the direction to the next writer.
func (e *endpoint) leave() {
	e.w.holder = nil
	if e.queue != nil && !e.queue.Empty() {
		e.w.holder = nextInQueue
		e.queue.WakeFirst()
	}
}

// review has the writers in the queue look at the deadline, and whether the socket is
// closed.
func (e *endpoint) review() {
	if e.queue != nil {
		e.queue.CloseAll()
	}
}
