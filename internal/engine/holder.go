package engine

// A Holder is the task that holds what others wait for, as far as is known: for dumps,
// which name it and find the rings that go through it. It belongs to the thread of
// control of one loop. The zero value names nobody.
type Holder struct{ task *Task }

// Take notes that t holds it now; nil, that nobody does, or a callback.
func (h *Holder) Take(t *Task) { h.task = t }

// ParkFor is Park for what h's task holds. Who is woken holds it.
func (c Caller) ParkFor(h *Holder, q *WaitList, why why) bool {
	c.r.holder = h
	woken := c.Park(q, why)
	c.r.holder = nil
	if woken {
		h.task = c.Task()
	}
	return woken
}
