package aionet

import "github.com/asyncio-go/asyncio/internal/engine"

// Writers of messages queue, because each message is whole. The first of them holds the
// writing direction and the others wait in endpoint.queue. When its message is written it
// passes the direction to the next one.

// nextInQueue is the holder until the task that was woken takes the direction. So the
// direction has a holder as long as the queue is not empty.
var nextInQueue = new(engine.Task)

// enqueue suspends the task until it may write. It reports whether the task has taken the
// direction; the caller must then call leave. A task that already holds the direction may
// write at once and does not take it again.
func (e *endpoint) enqueue(caller engine.Caller) (taken bool, err error) {
	d := &e.w
	if err := caller.Err(); err != nil {
		return false, caller.Refuse(err)
	}
	for d.holder != nil {
		if d.holder == caller.Task() {
			return false, nil
		}
		if err := e.usable(caller, d); err != nil {
			return false, err
		}
		if e.queue == nil {
			e.queue = new(engine.WaitList)
		}
		switch caller.ParkUntil(e.queue, d.until, engine.ForWrite) {
		case engine.WokenByEvent:
			d.holder = caller.Task()
			return true, nil
		case engine.WokenByCancel:
			return false, caller.Err()
		}
	}
	d.holder = caller.Task()
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

// wakeQueue wakes the writers in the queue. They check whether the socket is closed and whether
// the deadline has passed.
func (e *endpoint) wakeQueue() {
	if e.queue != nil {
		e.queue.CloseAll()
	}
}
