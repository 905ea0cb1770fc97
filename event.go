package asyncio

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// An Event is a flag that tasks can wait for. The zero value is ready, and not
// set. It is for tasks of one loop, as Lock is. To notify a task from another
// goroutine, use a Future or CallSoonThreadsafe.
type Event struct {
	_       noCopy
	binding engine.Binding
	set     bool
	wait    engine.WaitList
}

// Set sets the flag and wakes every task that waits, in order, even if the flag
// is cleared before they run. On the loop only: in another goroutine it panics
// once a loop has used the event.
func (e *Event) Set() {
	e.binding.Check("Event.Set")
	e.set = true
	e.wait.WakeAll()
}

// Clear clears the flag. On the loop only: in another goroutine it panics once
// a loop has used the event.
func (e *Event) Clear() {
	e.binding.Check("Event.Clear")
	e.set = false
}

// IsSet reports whether the flag is set. On the loop only: in another goroutine
// it panics once a loop has used the event.
func (e *Event) IsSet() bool {
	e.binding.Check("Event.IsSet")
	return e.set
}

// Wait suspends the task until the flag is set, and returns at once if it is. It
// returns ctx.Err() if ctx is cancelled before that.
func (e *Event) Wait(ctx context.Context) error {
	caller, err := e.binding.Enter(ctx)
	if err != nil || e.set {
		return err
	}
	if !caller.Park(&e.wait, engine.ForEvent) {
		return caller.Err()
	}
	return nil
}
