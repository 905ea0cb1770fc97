package engine

import "github.com/asyncio-go/asyncio/internal/coro"

// ring is a first-in-first-out queue in a slice whose length is a power of two.
// It grows and never shrinks by itself; popped slots are cleared.
type ring[T any] struct {
	buf        []T
	head, tail uint // positions, taken modulo len(buf)
}

func (q *ring[T]) len() int { return int(q.tail - q.head) }

func (q *ring[T]) push(v T) {
	if q.tail-q.head == uint(len(q.buf)) {
		q.grow()
	}
	q.buf[q.tail&uint(len(q.buf)-1)] = v
	q.tail++
}

// front returns the oldest element; the queue must not be empty.
func (q *ring[T]) front() T { return q.buf[q.head&uint(len(q.buf)-1)] }

func (q *ring[T]) pop() T {
	var zero T
	i := q.head & uint(len(q.buf)-1)
	v := q.buf[i]
	q.buf[i] = zero
	q.head++
	return v
}

func (q *ring[T]) grow() {
	bigger := make([]T, max(64, 2*len(q.buf)))
	n := 0
	for i := q.head; i != q.tail; i++ {
		bigger[n] = q.buf[i&uint(len(q.buf)-1)]
		n++
	}
	q.buf, q.head, q.tail = bigger, 0, uint(n)
}

// readyQueue holds what is to run, in the order in which it became ready (S1).
// Most entries are tasks, so that a callback is a nil in the line of tasks and
// waits in a line of its own: one word for a task instead of several.
type readyQueue struct {
	line  ring[*Task]
	calls ring[call]
}

// A call is a callback with a handle, or one posted without.
type call struct {
	h    *Handle
	fn   func()
	site coro.Site // the call that posted it; 0: unknown
}

func (q *readyQueue) len() int { return q.line.len() }

func (q *readyQueue) pushTask(t *Task) { q.line.push(t) }

func (q *readyQueue) pushCall(c call) {
	q.line.push(nil)
	q.calls.push(c)
}

// nextTask pops the front if it is a task, and returns nil if it is a callback.
func (q *readyQueue) nextTask() *Task {
	if q.line.front() == nil {
		return nil
	}
	return q.line.pop()
}

// nextCall pops the front, which must be a callback.
func (q *readyQueue) nextCall() call {
	q.line.pop()
	return q.calls.pop()
}
