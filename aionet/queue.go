package aionet

import (
	"github.com/asyncio-go/asyncio/internal/engine"
)

// Writers of messages queue, as each message is whole. One of them, or nextInQueue, holds the
// writing direction. The others wait in endpoint.queue. Each holder passes the direction to
// the next. While the queue is not empty the direction has a holder.

// nextInQueue is the holder until the task that was woken takes the direction.
var nextInQueue = new(engine.Task)

// enqueue suspends the task until it may write. It reports whether the task has taken the
// direction; the caller must then call leave. A task that holds the direction already may
// write, and does not take it again.
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

// leave passes the direction to the next writer in the queue, or frees it.
func (e *endpoint) leave() {
	e.w.holder = nil
	if e.queue != nil && !e.queue.Empty() {
		e.w.holder = nextInQueue
		e.queue.WakeFirst()
	}
}

// review wakes the writers in the queue, which check the deadline and whether the socket is
// closed.
func (e *endpoint) review() {
	if e.queue != nil {
		e.queue.CloseAll()
	}
}
