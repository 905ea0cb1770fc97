package ring

import "testing"

func TestQueue_KeepsOrderWhileItGrows(t *testing.T) {
	var q Queue[int]
	next, want := 0, 0
	for round := range 300 {
		for range round % 7 * 10 {
			q.Push(next)
			next++
		}
		for range round % 5 * 9 {
			if q.Len() == 0 {
				break
			}
			if f := q.Front(); f != want {
				t.Fatalf("front %d, want %d", f, want)
			}
			if v := q.Pop(); v != want {
				t.Fatalf("popped %d, want %d", v, want)
			}
			want++
		}
	}
	if q.Len() != next-want || q.Glance() != q.Len() {
		t.Errorf("len %d, glance %d, want %d", q.Len(), q.Glance(), next-want)
	}
}

func TestQueue_PopClearsTheSlot(t *testing.T) {
	var q Queue[*int]
	q.Push(new(int))
	q.Pop()
	for i, p := range q.buf {
		if p != nil {
			t.Errorf("slot %d still holds a pointer", i)
		}
	}
}
