package bench

import (
	"iter"
	"testing"
)

// A coroutine here is what iter.Pull gives and nothing else.
type coroutine struct {
	next  func() (struct{}, bool)
	yield func(struct{}) bool
}

// ring is the least scheduler that is still one: a first-in, first-out queue
// of coroutines that are ready to go on, of fixed room.
type ring struct {
	slots      [128]*coroutine
	head, tail uint
}

func (r *ring) push(c *coroutine) {
	r.slots[r.tail%uint(len(r.slots))] = c
	r.tail++
}

// start queues body as a new coroutine.
func (r *ring) start(body func(self *coroutine)) {
	c := new(coroutine)
	c.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		c.yield = yield
		body(c)
	})
	r.push(c)
}

// run resumes what is ready until nothing is.
func (r *ring) run() {
	for r.head != r.tail {
		c := r.slots[r.head%uint(len(r.slots))]
		r.head++
		c.next()
	}
}

// giveTurn puts c last in the ring and suspends it.
func (r *ring) giveTurn(c *coroutine) {
	r.push(c)
	c.yield(struct{}{})
}

// TestRing holds the floor to the order that makes it a round robin: a floor
// that left out work would make every ratio to it look bad.
func TestRing(t *testing.T) {
	var r ring
	var got []int
	for id := range 3 {
		r.start(func(self *coroutine) {
			for range 2 {
				got = append(got, id)
				r.giveTurn(self)
			}
		})
	}
	r.run()
	want := []int{0, 1, 2, 0, 1, 2}
	if len(got) != len(want) {
		t.Fatalf("steps of coroutines %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("steps of coroutines %v, want %v", got, want)
		}
	}
}
