package engine

import (
	"testing"
	"unsafe"
)

func TestRingKeepsOrderWhileItGrows(t *testing.T) {
	var q ring[int]
	next, want := 0, 0
	for round := range 300 {
		for range round % 7 * 10 {
			q.push(next)
			next++
		}
		for range round % 5 * 9 {
			if q.len() == 0 {
				break
			}
			if f := q.front(); f != want {
				t.Fatalf("front %d, want %d", f, want)
			}
			if v := q.pop(); v != want {
				t.Fatalf("popped %d, want %d", v, want)
			}
			want++
		}
	}
	if q.len() != next-want {
		t.Errorf("len %d, want %d", q.len(), next-want)
	}
}

func TestRingClearsWhatItPops(t *testing.T) {
	var q ring[*int]
	q.push(new(int))
	q.pop()
	for i, p := range q.buf {
		if p != nil {
			t.Errorf("slot %d still holds a pointer", i)
		}
	}
}

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

func TestRegistryReusesSlotsAndSorts(t *testing.T) {
	var g registry
	var tasks []*Task
	for i := range 3 * registryChunkLen {
		task := &Task{id: uint64(i)}
		tasks = append(tasks, task)
		g.add(task)
	}
	for i := 0; i < len(tasks); i += 2 {
		g.remove(tasks[i])
	}
	for i := range registryChunkLen {
		g.add(&Task{id: uint64(len(tasks) + i)})
	}
	all := g.all()
	if want := len(tasks)/2 + registryChunkLen; len(all) != want {
		t.Fatalf("%d tasks, want %d", len(all), want)
	}
	for i := 1; i < len(all); i++ {
		if all[i-1].id >= all[i].id {
			t.Fatalf("task %d comes before %d", all[i-1].id, all[i].id)
		}
	}
	if int(g.used) != len(tasks) {
		t.Errorf("%d slots used, want %d: freed ones are reused", g.used, len(tasks))
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
