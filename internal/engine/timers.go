package engine

import (
	"slices"
	"sync/atomic"
)

// A timer is something that happens once at a time of the loop's clock. It
// sits in whatever is to expire. Arming it puts a slot into the heap; a slot
// whose number is not the timer's any more is dead, so that disarming and
// arming again cost nothing but the number (lazy cancellation).
type timer struct {
	armed uint64 // the number of the live slot, 0: not armed
}

type expirer interface {
	clock() *timer
	expire(l *Loop)
}

// timerSlot keeps the key beside the pointer: a comparison touches no timer.
type timerSlot struct {
	when int64 // nanoseconds of the loop's clock
	seq  uint64
	what expirer
}

func (a *timerSlot) before(b *timerSlot) bool {
	return a.when < b.when || a.when == b.when && a.seq < b.seq
}

// timerHeap is a 4-ary min-heap by time, then by order of arming (S4). Four
// children share a cache line or two, and the tree is half as deep as a binary
// one. See D. E. Knuth, The Art of Computer Programming 3, 5.2.3, for d-heaps.
type timerHeap struct {
	slots []timerSlot
	seq   uint64
	dead  int                        // disarmed slots still in the heap
	arena atomic.Pointer[timerArena] // all the room of slots, for lateNow
}

const heapArity = 4

// purgeFrom is the size from which a heap that is mostly dead is rebuilt.
const purgeFrom = 64

func (h *timerHeap) len() int { return len(h.slots) - h.dead }

func (h *timerHeap) arm(when int64, what expirer) {
	h.seq++
	what.clock().armed = h.seq
	if len(h.slots) == cap(h.slots) {
		h.grow()
	}
	h.slots = append(h.slots, timerSlot{})
	h.up(len(h.slots)-1, timerSlot{when, h.seq, what})
}

// grow makes room for another slot, and for as many as there are.
func (h *timerHeap) grow() {
	h.slots = slices.Grow(h.slots, max(16, len(h.slots)))
	arena := timerArena(h.slots[:cap(h.slots)])
	h.arena.Store(&arena)
}

func (h *timerHeap) disarm(what expirer) bool {
	t := what.clock()
	if t.armed == 0 {
		return false
	}
	t.armed = 0
	if h.dead++; h.dead > len(h.slots)/2 && len(h.slots) >= purgeFrom {
		h.purge()
	}
	return true
}

// next returns the time of the first live timer.
func (h *timerHeap) next() (when int64, ok bool) {
	for len(h.slots) > 0 {
		top := &h.slots[0]
		if top.what.clock().armed == top.seq {
			return top.when, true
		}
		h.dead--
		h.popTop()
	}
	return 0, false
}

// popDue takes the first live timer whose time has come.
func (h *timerHeap) popDue(now int64) expirer {
	when, ok := h.next()
	if !ok || when > now {
		return nil
	}
	what := h.slots[0].what
	what.clock().armed = 0
	h.popTop()
	return what
}

func (h *timerHeap) popTop() {
	last := len(h.slots) - 1
	s := h.slots[last]
	h.slots[last] = timerSlot{}
	h.slots = h.slots[:last]
	if last > 0 {
		h.down(0, s)
	}
}

// up places s, coming from position i.
func (h *timerHeap) up(i int, s timerSlot) {
	for i > 0 {
		p := (i - 1) / heapArity
		if !s.before(&h.slots[p]) {
			break
		}
		h.slots[i] = h.slots[p]
		i = p
	}
	h.slots[i] = s
}

// down places s, coming from position i.
func (h *timerHeap) down(i int, s timerSlot) {
	n := len(h.slots)
	for {
		c := heapArity*i + 1
		if c >= n {
			break
		}
		least := c
		for k := c + 1; k < min(c+heapArity, n); k++ {
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

// purge drops the dead slots and builds the heap anew, in linear time (Floyd).
func (h *timerHeap) purge() {
	live := h.slots[:0]
	for _, s := range h.slots {
		if s.what.clock().armed == s.seq {
			live = append(live, s)
		}
	}
	clear(h.slots[len(live):])
	h.slots, h.dead = live, 0
	for i := (len(live) - 2) / heapArity; i >= 0 && len(live) > 1; i-- {
		h.down(i, h.slots[i])
	}
}
