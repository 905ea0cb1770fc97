// Package timerheap has the timers of an event loop: a heap of items that expire at a time.
package timerheap

import (
	"slices"
	"sync/atomic"
)

// A Timer is a field of an item in a heap. To arm it adds a slot to the heap. To disarm it only
// changes the number: the heap removes the slot later.
type Timer struct {
	armed uint64 // number of the slot of this timer; 0: not armed
}

// Armed reports whether the timer is in a heap.
func (t *Timer) Armed() bool { return t.armed != 0 }

// An Item expires once at a time.
type Item interface {
	// Clock returns the timer, which is a field of the item.
	Clock() *Timer
	// Expire is called by the owner of the heap with the items that PopDue returns.
	Expire()
}

// A slot has the key beside the pointer, so that a comparison reads no item. It is dead if its
// number is not that of the timer.
type slot struct {
	when int64 // nanoseconds
	seq  uint64
	item Item
}

func (a *slot) before(b *slot) bool {
	return a.when < b.when || a.when == b.when && a.seq < b.seq
}

// A Heap is a min-heap by time, and then by the order in which the timers were armed. Each slot
// has four children, which share one or two cache lines, and the tree has half the depth of a
// binary one. See D. E. Knuth, The Art of Computer Programming 3, 5.2.3, for d-heaps. The zero
// value is empty.
type Heap struct {
	slots []slot
	seq   uint64
	dead  int                    // dead slots
	arena atomic.Pointer[[]slot] // the slots up to their capacity, for Late
}

const arity = 4

// purgeFrom is the least number of slots at which a heap is rebuilt. It is rebuilt when most slots
// are dead.
const purgeFrom = 64

// Len returns the number of armed timers.
func (h *Heap) Len() int { return len(h.slots) - h.dead }

// Empty reports whether the heap has no slot. A heap without armed timers may have dead slots.
func (h *Heap) Empty() bool { return len(h.slots) == 0 }

// Arm adds the item, whose timer must not be armed.
func (h *Heap) Arm(when int64, item Item) {
	h.seq++
	item.Clock().armed = h.seq
	if len(h.slots) == cap(h.slots) {
		h.grow()
	}
	h.slots = append(h.slots, slot{})
	h.up(len(h.slots)-1, slot{when, h.seq, item})
}

// grow doubles the capacity.
func (h *Heap) grow() {
	h.slots = slices.Grow(h.slots, max(16, len(h.slots)))
	arena := h.slots[:cap(h.slots)]
	h.arena.Store(&arena)
}

// Disarm removes the item. It reports whether its timer was armed.
func (h *Heap) Disarm(item Item) bool {
	t := item.Clock()
	if t.armed == 0 {
		return false
	}
	t.armed = 0
	if h.dead++; h.dead > len(h.slots)/2 && len(h.slots) >= purgeFrom {
		h.purge()
	}
	return true
}

// Next returns the time of the first armed timer. It reports false if there is none.
func (h *Heap) Next() (when int64, ok bool) {
	for len(h.slots) > 0 {
		top := &h.slots[0]
		if top.item.Clock().armed == top.seq {
			return top.when, true
		}
		h.dead--
		h.popTop()
	}
	return 0, false
}

// PopDue removes the first item that expires at or before now, and returns it. It returns nil if
// there is none.
func (h *Heap) PopDue(now int64) Item {
	when, ok := h.Next()
	if !ok || when > now {
		return nil
	}
	item := h.slots[0].item
	item.Clock().armed = 0
	h.popTop()
	return item
}

func (h *Heap) popTop() {
	last := len(h.slots) - 1
	s := h.slots[last]
	h.slots[last] = slot{}
	h.slots = h.slots[:last]
	if last > 0 {
		h.down(0, s)
	}
}

// up inserts s at position i, or above.
func (h *Heap) up(i int, s slot) {
	for i > 0 {
		p := (i - 1) / arity
		if !s.before(&h.slots[p]) {
			break
		}
		h.slots[i] = h.slots[p]
		i = p
	}
	h.slots[i] = s
}

// down inserts s at position i, or below.
func (h *Heap) down(i int, s slot) {
	n := len(h.slots)
	for {
		c := arity*i + 1
		if c >= n {
			break
		}
		least := c
		for k := c + 1; k < min(c+arity, n); k++ {
			if h.slots[k].before(&h.slots[least]) {
				least = k
			}
		}
		if !h.slots[least].before(&s) {
			break
		}
		h.slots[i] = h.slots[least]
		i = least
	}
	h.slots[i] = s
}

// purge removes the dead slots and rebuilds the heap in linear time, by the method of R. W. Floyd.
func (h *Heap) purge() {
	live := h.slots[:0]
	for _, s := range h.slots {
		if s.item.Clock().armed == s.seq {
			live = append(live, s)
		}
	}
	clear(h.slots[len(live):])
	h.slots, h.dead = live, 0
	for i := (len(live) - 2) / arity; i >= 0 && len(live) > 1; i-- {
		h.down(i, h.slots[i])
	}
}

// Glance returns Len for a goroutine that does not own the heap, and does not synchronize with its
// owner. The result is approximate.
//
//go:norace
func (h *Heap) Glance() int { return max(0, len(h.slots)-h.dead) }

// Late returns the number of items that expire at or before now, at most limit. It may be called by
// a goroutine that does not own the heap, and does not synchronize with its owner. So the result
// is approximate, and counts disarmed items too.
//
//go:norace
func (h *Heap) Late(now int64, limit int) (late int) {
	p := h.arena.Load()
	if p == nil {
		return 0
	}
	slots := *p
	n := min(len(h.slots), len(slots))
	open := []int{0}
	for len(open) > 0 && late < limit {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		if i >= n || slots[i].when > now { // the slots below are not late either
			continue
		}
		late++
		for c := arity*i + 1; c <= arity*i+arity; c++ {
			open = append(open, c)
		}
	}
	return late
}
