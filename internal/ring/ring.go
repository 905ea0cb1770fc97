// Package ring has a first-in-first-out queue in a slice.
package ring

// A Queue is a first-in-first-out queue. The length of its slice is a power of two, and never
// decreases. Pop clears the slot. The zero value is empty.
type Queue[T any] struct {
	buf        []T
	head, tail uint // positions, modulo len(buf)
}

// Len returns the number of elements.
func (q *Queue[T]) Len() int { return int(q.tail - q.head) }

// Push adds v at the end.
func (q *Queue[T]) Push(v T) {
	if q.tail-q.head == uint(len(q.buf)) {
		q.grow()
	}
	q.buf[q.tail&uint(len(q.buf)-1)] = v
	q.tail++
}

// Front returns the oldest element. The queue must not be empty.
func (q *Queue[T]) Front() T { return q.buf[q.head&uint(len(q.buf)-1)] }

// Pop removes the oldest element and returns it. The queue must not be empty.
func (q *Queue[T]) Pop() T {
	var zero T
	i := q.head & uint(len(q.buf)-1)
	v := q.buf[i]
	q.buf[i] = zero
	q.head++
	return v
}

func (q *Queue[T]) grow() {
	bigger := make([]T, max(64, 2*len(q.buf)))
	n := 0
	for i := q.head; i != q.tail; i++ {
		bigger[n] = q.buf[i&uint(len(q.buf)-1)]
		n++
	}
	q.buf, q.head, q.tail = bigger, 0, uint(n)
}

// Glance returns Len for a goroutine that does not own the queue, and does not synchronize with
// its owner. The result is approximate.
//
//go:norace
func (q *Queue[T]) Glance() int {
	n := int(q.tail - q.head)
	if n < 0 || n > 1<<30 {
		return 0
	}
	return n
}
