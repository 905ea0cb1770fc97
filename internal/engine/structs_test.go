package engine

import (
	"testing"
	"unsafe"
)

type counter struct{ order *[]int }

type numbered struct {
	counter
	n int
}

func (c numbered) settled() { *c.order = append(*c.order, c.n) }

func TestWaitListIsFirstComeFirstServed(t *testing.T) {
	var q WaitList
	var order []int
	ws := make([]Waiter, 6)
	for i := range ws {
		ws[i].notify = numbered{counter{&order}, i}
		q.Push(&ws[i])
	}
	ws[0].Remove() // the head
	ws[5].Remove() // the tail
	ws[3].Remove() // the middle
	ws[3].Remove() // again: nothing
	if ws[3].Waiting() || !ws[1].Waiting() {
		t.Error("Waiting does not say who stands in the list")
	}
	q.WakeFirst()
	q.WakeAll()
	if len(order) != 3 || order[0] != 1 || order[1] != 2 || order[2] != 4 {
		t.Errorf("woken in order %v, want [1 2 4]", order)
	}
	if !q.Empty() || q.WakeFirst() {
		t.Error("the list is not empty at the end")
	}
}

// A million tasks that have not started are a million of these.
func TestTaskIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Task{}); size > 168 {
		t.Errorf("a task takes %d bytes, want at most 168 (176 with its coroutine)", size)
	}
	if size := unsafe.Sizeof(runner{}); size > 128 {
		t.Errorf("a runner takes %d bytes, want at most 128", size)
	}
}
