package asyncio

import (
	"runtime"
	"slices"
	"testing"
	"weak"
)

// The stores of the queues, held against slices.

// naiveStore keeps the items in the order in which they came; next finds the one to give.
type naiveStore struct {
	items []int
	next  func(items []int) int
}

func (s *naiveStore) pop() int {
	i := s.next(s.items)
	v := s.items[i]
	s.items = slices.Delete(s.items, i, i+1)
	return v
}

// keep leaves the next n.
func (s *naiveStore) keep(n int) {
	all, kept := slices.Clone(s.items), map[int]bool{}
	for range n {
		kept[s.pop()] = true
	}
	s.items = slices.DeleteFunc(all, func(v int) bool { return !kept[v] })
}

func byRank(a, b int) bool { return a&3 < b&3 }

// stores are each store with its twin. An item is its number times 4 and its rank.
func stores() map[string]struct {
	real store[int]
	twin *naiveStore
} {
	return map[string]struct {
		real store[int]
		twin *naiveStore
	}{
		"fifo": {&fifo[int]{}, &naiveStore{next: func([]int) int { return 0 }}},
		"lifo": {&lifo[int]{}, &naiveStore{next: func(items []int) int { return len(items) - 1 }}},
		"priority": {&priority[int]{less: byRank}, &naiveStore{next: func(items []int) int {
			return slices.IndexFunc(items, func(v int) bool {
				return !slices.ContainsFunc(items, func(other int) bool { return byRank(other, v) })
			})
		}}},
	}
}

// FuzzStores does what the bytes say: 0 to 7 push an item of rank b%4, 8 to 13 pop, 14 keeps some.
func FuzzStores(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 3, 2, 1, 0, 14, 200, 8, 8, 8})
	var many []byte
	for i := range 300 {
		many = append(many, byte(i*7%13))
	}
	f.Add(many)
	f.Fuzz(func(t *testing.T, program []byte) {
		for name, s := range stores() {
			for i, b := range program {
				switch op := b % 15; {
				case op < 8:
					v := i*4 + int(op%4)
					s.real.push(v)
					s.twin.items = append(s.twin.items, v)
				case op < 14 && s.real.len() > 0:
					if got, want := s.real.pop(), s.twin.pop(); got != want {
						t.Fatalf("%s, byte %d: popped %d, want %d", name, i, got, want)
					}
				case op == 14:
					n := int(b) % (s.real.len() + 1)
					s.real.keep(n)
					s.twin.keep(n)
				}
				if s.real.len() != len(s.twin.items) {
					t.Fatalf("%s, byte %d: %d items, want %d", name, i, s.real.len(), len(s.twin.items))
				}
			}
			for s.real.len() > 0 {
				if got, want := s.real.pop(), s.twin.pop(); got != want {
					t.Fatalf("%s, in the end: popped %d, want %d", name, got, want)
				}
			}
		}
	})
}

// What was taken out, or dropped, is not held by the store.
func TestQueue_ItHoldsNothingThatIsGone(t *testing.T) {
	type big struct{ _ [1 << 10]byte }
	for name, s := range map[string]store[*big]{
		"fifo": &fifo[*big]{}, "lifo": &lifo[*big]{}, "priority": &priority[*big]{less: func(a, b *big) bool { return false }},
	} {
		var gone []weak.Pointer[big]
		push := func() {
			item := &big{}
			gone = append(gone, weak.Make(item))
			s.push(item)
		}
		for range 8 {
			push()
		}
		for range 6 {
			s.pop()
		}
		s.keep(1)
		s.pop()
		runtime.GC()
		for i, w := range gone {
			if w.Value() != nil {
				t.Errorf("%s: item %d is still held", name, i)
			}
		}
		runtime.KeepAlive(s)
	}
}
