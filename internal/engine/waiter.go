package engine

// A Waiter is an entry of at most one WaitList. It belongs to a parked task, or to a function that is
// called at the awaited event.
type Waiter struct {
	next, prev *Waiter
	list       *WaitList
	notify     notified // notified inline: must not run code of the program
}

type notified interface{ settled() }

type notifyFunc func()

func (f notifyFunc) settled() { f() }

// Waiting reports whether w is in a list.
func (w *Waiter) Waiting() bool { return w.list != nil }

// WaitList is a queue of waiters, first come first served. It belongs to the
// thread of control of one loop. The zero value is empty.
type WaitList struct {
	head, tail *Waiter
}

// Empty reports whether q has no waiters.
func (q *WaitList) Empty() bool { return q.head == nil }

// Len counts the waiters. It visits each of them.
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

// Remove removes w from its list, if it is in one.
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

// WakeAll wakes all waiters, in order.
func (q *WaitList) WakeAll() {
	for w := q.head; w != nil; w = q.head {
		w.fire()
	}
}

// WakeFirst wakes the first waiter, and reports whether there was one.
func (q *WaitList) WakeFirst() bool {
	if q.head == nil {
		return false
	}
	q.head.fire()
	return true
}

// CloseAll wakes every parked task, in order, with the reason wokenByClose.
func (q *WaitList) CloseAll() {
	for w := q.head; w != nil; w = q.head {
		r := w.notify.(*runner)
		r.loop.wake(r, wokenByClose)
	}
}

func (w *Waiter) fire() {
	w.Remove()
	if r, ok := w.notify.(*runner); ok { // the common case
		r.loop.wake(r, wokenByEvent)
		return
	}
	w.notify.settled()
}
