package engine

import (
	"github.com/asyncio-go/asyncio/internal/coro"

	"github.com/asyncio-go/asyncio/internal/ring"
)

// readyQueue has the ready tasks and callbacks, in the order in which they became ready (S1). A
// callback is a nil in line, and the next entry of calls. So a task takes one word.
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
