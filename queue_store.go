package asyncio

import "slices"

// A store is how a queue orders its items.
type store[T any] interface {
	push(v T)
	pop() T // the next; there must be one
	len() int
	keep(n int) // only the next n
}

// fifo is a ring in a slice whose length is a power of two.
type fifo[T any] struct {
	buf        []T
	head, tail uint // positions, taken modulo len(buf)
}

func (s *fifo[T]) len() int { return int(s.tail - s.head) }

func (s *fifo[T]) keep(n int) {
	kept := fifo[T]{}
	for range n {
		kept.push(s.pop())
	}
	*s = kept
}

func (s *fifo[T]) push(v T) {
	if s.len() == len(s.buf) {
		bigger := make([]T, max(8, 2*len(s.buf)))
		for i := range s.buf {
			bigger[i] = s.buf[(s.head+uint(i))&uint(len(s.buf)-1)]
		}
		s.head, s.tail, s.buf = 0, uint(len(s.buf)), bigger
	}
	s.buf[s.tail&uint(len(s.buf)-1)] = v
	s.tail++
}

func (s *fifo[T]) pop() T {
	var zero T
	slot := &s.buf[s.head&uint(len(s.buf)-1)]
	v := *slot
	*slot = zero
	s.head++
	return v
}

type lifo[T any] struct{ stack []T }

func (s *lifo[T]) len() int { return len(s.stack) }
func (s *lifo[T]) push(v T) { s.stack = append(s.stack, v) }

func (s *lifo[T]) keep(n int) { s.stack = append([]T(nil), s.stack[len(s.stack)-n:]...) }

func (s *lifo[T]) pop() T {
	var zero T
	last := len(s.stack) - 1
	v := s.stack[last]
	s.stack[last] = zero
	s.stack = s.stack[:last]
	return v
}

// priority is a binary heap by less, then by age (Williams 1964; container/heap
// would put each item into an interface).
type priority[T any] struct {
	less func(a, b T) bool
	heap []aged[T]
	age  uint64
}

type aged[T any] struct {
	v   T
	age uint64
}

func (s *priority[T]) len() int { return len(s.heap) }

func (s *priority[T]) keep(n int) {
	from := priority[T]{less: s.less, heap: slices.Clone(s.heap)}
	kept := priority[T]{less: s.less}
	for range n {
		kept.push(from.pop())
	}
	*s = kept
}

func (s *priority[T]) before(i, j int) bool {
	a, b := &s.heap[i], &s.heap[j]
	if s.less(a.v, b.v) {
		return true
	}
	return a.age < b.age && !s.less(b.v, a.v)
}

// push and pop first compare and then move: if less panics, nothing has changed.

func (s *priority[T]) push(v T) {
	at := len(s.heap)
	for at > 0 {
		parent := (at - 1) / 2
		if !s.less(v, s.heap[parent].v) { // of equal ones v is the youngest
			break
		}
		at = parent
	}
	s.age++
	s.heap = append(s.heap, aged[T]{})
	for i := len(s.heap) - 1; i > at; i = (i - 1) / 2 {
		s.heap[i] = s.heap[(i-1)/2]
	}
	s.heap[at] = aged[T]{v, s.age}
}

func (s *priority[T]) pop() T {
	last := len(s.heap) - 1
	at := 0 // where the last one will stand
	for least := last; ; least = last {
		for _, kid := range [2]int{2*at + 1, 2*at + 2} {
			if kid < last && s.before(kid, least) {
				least = kid
			}
		}
		if least == last {
			break
		}
		at = least
	}
	moved := s.heap[last]
	s.heap[last] = aged[T]{}
	s.heap = s.heap[:last]
	for ; last > 0; at = (at - 1) / 2 { // each moves up by one, and the top out
		s.heap[at], moved = moved, s.heap[at]
		if at == 0 {
			break
		}
	}
	return moved.v
}
