package engine

import (
	"slices"
	"testing"
)

type alarm struct {
	timer
	when int64
	id   int
}

func (a *alarm) clock() *timer { return &a.timer }
func (a *alarm) expire(*Loop)  {}

// twin is the naive timer queue: a slice, sorted anew for each question.
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
	for i, a := range w.armed { // stable: of equals the first armed
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

// FuzzTimers drives the heap and its twin with the same operations: pairs of
// bytes, what and with what.
func FuzzTimers(f *testing.F) {
	f.Add([]byte{0, 5, 0, 3, 0, 5, 2, 4, 1, 0, 2, 9})
	var many []byte
	for i := range 200 {
		many = append(many, 0, byte(i*7), 1, byte(i*3))
	}
	f.Add(append(many, 2, 255, 2, 255, 2, 255))
	f.Fuzz(func(t *testing.T, program []byte) {
		var h timerHeap
		var w twin
		var all []*alarm
		for i := 0; i+1 < len(program); i += 2 {
			arg := int64(program[i+1])
			switch program[i] % 4 {
			case 0: // a new alarm
				a := &alarm{when: arg, id: len(all)}
				all = append(all, a)
				h.arm(a.when, a)
				w.arm(a)
			case 1: // disarm an old one
				if len(all) > 0 {
					a := all[int(arg)%len(all)]
					if got, want := h.disarm(a), w.disarm(a); got != want {
						t.Fatalf("disarm(%d) = %v, want %v", a.id, got, want)
					}
				}
			case 2: // what is due
				for {
					want := w.popDue(arg)
					got, _ := h.popDue(arg).(*alarm)
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
						h.arm(a.when, a)
						w.arm(a)
					}
				}
			}
			if h.len() != len(w.armed) {
				t.Fatalf("len %d, want %d", h.len(), len(w.armed))
			}
			if h.dead > len(h.slots) || h.dead < 0 {
				t.Fatalf("%d dead of %d slots", h.dead, len(h.slots))
			}
		}
	})
}

// Cancelled timers may outnumber the live ones by a bounded factor only.
func TestTimersPurgeTheDead(t *testing.T) {
	var h timerHeap
	keep := &alarm{when: 1 << 40}
	h.arm(keep.when, keep)
	for i := range 100_000 {
		a := &alarm{when: int64(i)}
		h.arm(a.when, a)
		h.disarm(a)
	}
	if len(h.slots) > 2*purgeFrom {
		t.Errorf("%d slots for one live timer", len(h.slots))
	}
	if when, ok := h.next(); !ok || when != keep.when {
		t.Errorf("next = %d %v, want the live one", when, ok)
	}
}
