package engine

// What the blocked loop keeps waiting is counted by the watch, from outside, while
// a step of the loop may go on changing it. The functions here read single words,
// whose value is one that was written, before or after; they are no more exact
// than that, and the race detector is told so. Nothing is asked of the hot path.

// A timerArena is the whole room of the heap, published each time that it grows.
type timerArena []timerSlot

// readyNow counts what is ready to run.
//
//go:norace
func (l *Loop) readyNow() int {
	q := &l.ready.line
	n := int(q.tail - q.head)
	if n < 0 || n > 1<<30 {
		n = 0
	}
	l.inbox.mu.Lock()
	n += len(l.inbox.posts)
	l.inbox.mu.Unlock()
	return n
}

// lateNow counts the timers that were due at the given time. Where a slot is not
// due, nothing below it in the heap is. Timers that were disarmed and lie in the
// heap still are counted, too.
//
//go:norace
func (l *Loop) lateNow(now int64) int {
	p := l.timers.arena.Load()
	if p == nil {
		return 0
	}
	slots := *p
	n := min(len(l.timers.slots), len(slots))
	var late int
	open := []int{0}
	for len(open) > 0 && late < maxLate {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		if i >= n || slots[i].when > now {
			continue
		}
		late++
		for c := heapArity*i + 1; c <= heapArity*i+heapArity; c++ {
			open = append(open, c)
		}
	}
	return late
}

// maxLate bounds the count.
const maxLate = 100_000
