package engine

import (
	"github.com/asyncio-go/asyncio/internal/coro"

	"github.com/asyncio-go/asyncio/internal/ring"
)

// readyQueue holds what is to run, in the order in which it became ready (S1).
// Most entries are tasks, so that a callback is a nil in the line of tasks and
// waits in a line of its own: one word for a task instead of several.
type readyQueue struct {
	line  ring.Queue[*Task]
	calls ring.Queue[call]
}

// A call is a callback with a handle, or one posted without.
type call struct {
	h    *Handle
	fn   func()
	site coro.Site // the call that posted it; 0: unknown
}

func (q *readyQueue) len() int { return q.line.Len() }

func (q *readyQueue) pushTask(t *Task) { q.line.Push(t) }

func (q *readyQueue) pushCall(c call) {
	q.line.Push(nil)
	q.calls.Push(c)
}

// nextTask pops the front if it is a task, and returns nil if it is a callback.
func (q *readyQueue) nextTask() *Task {
	if q.line.Front() == nil {
		return nil
	}
	return q.line.Pop()
}

// nextCall pops the front, which must be a callback.
func (q *readyQueue) nextCall() call {
	q.line.Pop()
	return q.calls.Pop()
}
