package timerheap

import (
	"slices"
	"testing"
)

type alarm struct {
	Timer
	when int64
	id   int
}

func (a *alarm) Clock() *Timer { return &a.Timer }
func (a *alarm) Expire()       {}

// A twin is the naive heap: a slice, which popDue searches.
type twin struct{ armed []*alarm }

func (w *twin) arm(a *alarm) { w.armed = append(w.armed, a) }

func (w *twin) disarm(a *alarm) bool {
	i := slices.Index(w.armed, a)
	if i < 0 {
		return false
	}
	w.armed = slices.Delete(w.armed, i, i+1)
	return true
}

func (w *twin) popDue(now int64) *alarm {
	first := -1
	for i, a := range w.armed { // of equal times the first armed
		if a.when <= now && (first < 0 || a.when < w.armed[first].when) {
			first = i
		}
	}
	if first < 0 {
		return nil
	}
	a := w.armed[first]
	w.armed = slices.Delete(w.armed, first, first+1)
	return a
}

// FuzzHeap runs the same operations on a heap and on its twin. A pair of bytes is an operation
// and its operand.
func FuzzHeap(f *testing.F) {
	f.Add([]byte{0, 5, 0, 3, 0, 5, 2, 4, 1, 0, 2, 9})
	var many []byte
	for i := range 200 {
		many = append(many, 0, byte(i*7), 1, byte(i*3))
	}
	f.Add(append(many, 2, 255, 2, 255, 2, 255))
	f.Fuzz(func(t *testing.T, program []byte) {
		var h Heap
		var w twin
		var all []*alarm
		for i := 0; i+1 < len(program); i += 2 {
			arg := int64(program[i+1])
			switch program[i] % 4 {
			case 0: // a new alarm
				a := &alarm{when: arg, id: len(all)}
				all = append(all, a)
				h.Arm(a.when, a)
				w.arm(a)
			case 1: // disarm an old one
				if len(all) > 0 {
					a := all[int(arg)%len(all)]
					if got, want := h.Disarm(a), w.disarm(a); got != want {
						t.Fatalf("disarm(%d) = %v, want %v", a.id, got, want)
					}
				}
			case 2: // what is due
				for {
					want := w.popDue(arg)
					got, _ := h.PopDue(arg).(*alarm)
					if got != want {
						t.Fatalf("popDue(%d) = %+v, want %+v", arg, got, want)
					}
					if got == nil {
						break
					}
				}
			case 3: // arm an old one again
				if len(all) > 0 {
					if a := all[int(arg)%len(all)]; a.armed == 0 {
						a.when = arg
						h.Arm(a.when, a)
						w.arm(a)
					}
				}
			}
			if h.Len() != len(w.armed) || h.Glance() != h.Len() {
				t.Fatalf("len %d, want %d", h.Len(), len(w.armed))
			}
			if h.dead > len(h.slots) || h.dead < 0 {
				t.Fatalf("%d dead of %d slots", h.dead, len(h.slots))
			}
		}
	})
}

// The number of dead slots is bounded.
func TestHeap_PurgesDeadSlots(t *testing.T) {
	var h Heap
	keep := &alarm{when: 1 << 40}
	h.Arm(keep.when, keep)
	for i := range 100_000 {
		a := &alarm{when: int64(i)}
		h.Arm(a.when, a)
		h.Disarm(a)
	}
	if len(h.slots) > 2*purgeFrom {
		t.Errorf("%d slots for one armed timer", len(h.slots))
	}
	if when, ok := h.Next(); !ok || when != keep.when {
		t.Errorf("next = %d %v, want that of the armed timer", when, ok)
	}
}

func TestHeap_LateCountsItemsThatAreDue(t *testing.T) {
	var h Heap
	if n := h.Late(1<<40, 10); n != 0 {
		t.Errorf("Late of an empty heap is %d, want 0", n)
	}
	for i := range 100 {
		h.Arm(int64(i*37%100), &alarm{})
	}
	for _, now := range []int64{-1, 0, 41, 99, 1000} {
		if got, want := h.Late(now, 1000), min(int(now)+1, 100); got != want {
			t.Errorf("Late(%d) = %d, want %d", now, got, want)
		}
	}
	if n := h.Late(99, 5); n != 5 {
		t.Errorf("Late with a limit of 5 is %d, want 5", n)
	}
}
