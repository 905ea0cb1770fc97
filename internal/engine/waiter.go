package engine

// A Waiter stands in one WaitList at most: for a parked task, or for a
// function that is called when the awaited thing happens.
type Waiter struct {
	next, prev *Waiter
	list       *WaitList
	notify     notified // what to tell, inline: bookkeeping only, never user code
}

type notified interface{ settled() }

type notifyFunc func()

func (f notifyFunc) settled() { f() }

// Waiting reports whether w stands in a list.
func (w *Waiter) Waiting() bool { return w.list != nil }

// WaitList is a queue of waiters, first come first served. It belongs to the
// thread of control of one loop. The zero value is empty.
type WaitList struct {
	head, tail *Waiter
}

// Empty reports whether nobody waits.
func (q *WaitList) Empty() bool { return q.head == nil }

// Len counts who waits, one by one.
func (q *WaitList) Len() (n int) {
	for w := q.head; w != nil; w = w.next {
		n++
	}
	return n
}

// Push puts w at the end.
func (q *WaitList) Push(w *Waiter) {
	w.list, w.prev = q, q.tail
	if q.tail == nil {
		q.head = w
	} else {
		q.tail.next = w
	}
	q.tail = w
}

// Remove takes w out of the list in which it stands, if any.
func (w *Waiter) Remove() {
	q := w.list
	if q == nil {
		return
	}
	if w.prev == nil {
		q.head = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.tail = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.next, w.prev, w.list = nil, nil, nil
}

// WakeAll wakes everyone, in order.
func (q *WaitList) WakeAll() {
	for w := q.head; w != nil; w = q.head {
		w.fire()
	}
}

// WakeFirst wakes whoever came first and reports whether there was anybody.
func (q *WaitList) WakeFirst() bool {
	if q.head == nil {
		return false
	}
	q.head.fire()
	return true
}

// CloseAll wakes every parked task, in order, telling it that the list is closed.
func (q *WaitList) CloseAll() {
	for w := q.head; w != nil; w = q.head {
		r := w.notify.(*runner)
		r.loop.wake(r, wokenByClose)
	}
}

func (w *Waiter) fire() {
	w.Remove()
	if r, ok := w.notify.(*runner); ok { // nearly always
		r.loop.wake(r, wokenByEvent)
		return
	}
	w.notify.settled()
}
