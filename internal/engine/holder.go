package engine

import "unsafe"

// A HeldList is the list of those who wait for what one task holds, and that task, as far
// as is known: dumps name it, and find the rings that go through it. It belongs to the
// thread of control of one loop. The zero value is empty, and names nobody.
type HeldList struct {
	WaitList // first: see holderOf
	holder   *Task
}

// Take notes that t holds it now; nil, that nobody does, or a callback.
func (q *HeldList) Take(t *Task) { q.holder = t }

// ParkHeld is Park for what q's holder holds. Who is woken holds it.
func (c Caller) ParkHeld(q *HeldList) bool {
	woken := c.Park(&q.WaitList, forLock)
	if woken {
		q.holder = c.Task()
	}
	return woken
}

// holderOf returns who holds what r's task waits for, nil if it is not known. A runner has
// no room for a pointer to it, and needs none: tasks wait forLock in HeldLists only.
// On the loop only, where why and the list belong together.
func (r *runner) holderOf() *Task {
	if q := r.w.list; q != nil && r.why == forLock {
		return (*HeldList)(unsafe.Pointer(q)).holder
	}
	return nil
}
