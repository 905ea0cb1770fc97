package semantics_test

import (
	"fmt"
	"slices"
)

// The naive twin of the three queues.

// there is how many items are there for those who come.
func (q *naiveQueue) there() int { return len(q.items) - q.taking }

// room reports whether there is room that was not promised.
func (q *naiveQueue) room() bool { return q.max == 0 || q.there()+q.putting < q.max }

// next is the index of the item that comes out next.
func (q *naiveQueue) next() int {
	switch q.kind {
	case "LIFOQueue":
		return len(q.items) - 1
	case "PriorityQueue":
		least := 0
		for i, v := range q.items {
			if byRank(v, q.items[least]) {
				least = i
			}
		}
		return least
	}
	return 0
}

func (q *naiveQueue) pop() int {
	i := q.next()
	v := q.items[i]
	q.items = slices.Delete(q.items, i, i+1)
	return v
}

func (w *world) add(v int) {
	q := &w.queue
	q.items = append(q.items, v)
	q.unfinished++
	w.told.put++
	if len(q.getters) > 0 {
		w.wake(q.getters[0], "ok")
		q.taking++
	}
	w.invite()
}

// invite promises what room there is to those who wait for it.
func (w *world) invite() {
	for q := &w.queue; q.room() && len(q.putters) > 0; q.putting++ {
		w.wake(q.putters[0], "ok")
	}
}

func (w *world) take() string {
	v := w.queue.pop()
	w.told.got++
	w.invite()
	return fmt.Sprint("got ", v)
}

func (w *world) finished(n int) {
	if w.queue.unfinished -= n; w.queue.unfinished == 0 {
		w.wakeAll(&w.queue.joiners, "ok")
	}
}

// shutdown drops, if at once, what is not set aside for those who were woken.
func (w *world) shutdown(atOnce bool) {
	q := &w.queue
	q.down = true
	if atOnce {
		dropped := min(q.there(), q.unfinished)
		all, kept := slices.Clone(q.items), map[int]bool{}
		for range q.taking {
			kept[q.pop()] = true
		}
		q.items = slices.DeleteFunc(all, func(v int) bool { return !kept[v] })
		w.finished(dropped)
	}
	w.wakeAll(&q.putters, "shut down")
	if q.there() == 0 {
		w.wakeAll(&q.getters, "shut down")
	}
}

func (w *world) queueMove(p *person, m move, then func(outcome string)) {
	q := &w.queue
	mayPut := func() bool { return q.room() && q.putting == 0 } // who was promised room goes first
	switch m.do {
	case "put":
		w.enter(p, m, then, func() {
			switch {
			case q.down:
				then("shut down")
			case mayPut():
				w.add(m.n)
				then("ok")
			default:
				w.park(p, m, &q.putters, func(why string) {
					if why == "ok" {
						q.putting--
						if q.down {
							why = "shut down"
						} else {
							w.add(m.n)
						}
					}
					then(why)
				})
			}
		})
	case "try put":
		if q.down || !mayPut() {
			then("no")
			return
		}
		w.add(m.n)
		then("ok")
	case "get":
		w.enter(p, m, then, func() {
			switch {
			case q.there() > 0:
				then(w.take())
			case q.down:
				then("shut down")
			default:
				w.park(p, m, &q.getters, func(why string) {
					if why == "ok" {
						q.taking--
						why = w.take()
					}
					then(why)
				})
			}
		})
	case "try get":
		if q.there() == 0 {
			then("no")
			return
		}
		then(w.take())
	case "done":
		if q.unfinished == 0 {
			then("panic")
			return
		}
		w.finished(1)
		then("ok")
	case "shutdown", "shutdown now":
		w.shutdown(m.do == "shutdown now")
		then("ok")
	}
}
