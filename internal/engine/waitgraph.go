package engine

import "unsafe"

// This file defines the wait graph, which waitcycle.go searches. A task has edges while it is parked in a
// wait that ends only when other tasks end or release a lock. A wait for all of several tasks has an edge
// to each. A wait for one of several has no edge while more than one is left. Deadlines and cancellations
// are ignored.

// blocked reports whether t is parked in a wait for other tasks.
func (t *Task) blocked() bool {
	r := t.r
	return r != nil && r.w.list != nil && r.why >= firstEdge && r.why <= lastEdge
}

// leaving reports whether t is parked in a wait that has been cancelled.
func (t *Task) leaving() bool {
	return t.r != nil && t.r.under != nil && t.r.under.reason(t.r.loop) != nil
}

// awaited reports whether another task may wait for t.
func (t *Task) awaited() bool {
	return t.completion.wait.head != nil || t.r.held != nil || t.node.flags&flagMultiAwait != 0 ||
		t.node.scope.wait.head != nil || t.node.scope.open != nil
}

// neighbours calls visit for each task on the other end of an edge of t, until it returns
// false. whole reports whether all of them could be listed.
func (t *Task) neighbours(way direction, visit func(*Task) bool) (whole bool) {
	if way == backwards {
		t.waiters(visit)
		return true
	}
	return t.targets(visit)
}

// targets calls visit for the tasks that t waits for.
func (t *Task) targets(visit func(*Task) bool) (whole bool) {
	if !t.blocked() {
		return true
	}
	switch r := t.r; r.why {
	case forAwait:
		visit(taskOf(r.w.list))
	case forLock, forLockAgain:
		if h := lockOf(r.w.list).holder; h != nil {
			visit(h.task.Load())
		}
	case forGather, forWait:
		return multiAwaitOf(r.w.list).targets(visit)
	case forGroup:
		s := scopeOf(r.w.list)
		return s.loop.within(s.node, s.live, visit, s.waitsFor)
	}
	return true
}

// waiters calls visit for the tasks that wait for t.
func (t *Task) waiters(visit func(*Task) bool) {
	for w := t.completion.wait.head; w != nil; w = w.next {
		switch by := w.notify.(type) {
		case *runner:
			if by.why == forAwait && !visit(by.task.Load()) {
				return
			}
		case *awaitMember:
			if c := by.multiAwait; c.needsObserved() && c.parked() && !visit(c.caller.Task()) {
				return
			}
		}
	}
	if t.node.flags&flagMultiAwait != 0 {
		if c, _ := t.body.MultiAwait(); c.needsStarted() && c.parked() && !visit(c.caller.Task()) {
			return
		}
	}
	for k := t.r.held; k != nil; k = k.next {
		for w := k.wait.head; w != nil; w = w.next {
			if !visit(w.notify.(*runner).task.Load()) {
				return
			}
		}
	}
	for s := t.node.scope; s != nil; s = s.above() {
		for w := s.wait.head; w != nil; w = w.next {
			if r, ok := w.notify.(*runner); ok && r.why == forGroup && !visit(r.task.Load()) {
				return
			}
		}
	}
}

// above returns the scope in which the tasks of s count too; nil: none.
func (s *Scope) above() *Scope {
	if s.open == nil {
		return nil
	}
	return s.outer
}

// waitsFor reports whether t is one of the tasks that s waits for at its end.
func (s *Scope) waitsFor(t *Task) bool {
	for of := t.node.scope; of != nil; of = of.above() {
		if of == s {
			return true
		}
	}
	return false
}

// targets calls visit for the tasks that the multiAwait's caller, parked in it, waits for.
func (c *MultiAwait) targets(visit func(*Task) bool) (whole bool) {
	if c.needsObserved() {
		for _, m := range c.members {
			if m.task && m.Waiting() && !visit(taskOf(&m.completion.wait)) {
				return true
			}
		}
	}
	if !c.needsStarted() {
		return true
	}
	return c.caller.L.within(&c.node, c.started, visit, func(t *Task) bool {
		if t.node.flags&flagMultiAwait == 0 {
			return false
		}
		of, _ := t.body.MultiAwait()
		return of == c
	})
}

// within calls visit for the tasks directly below n that belong, until it returns false. It
// reports whether these are as many as there should be: one whose ctx is not cancelled with
// n may stand elsewhere.
func (l *Loop) within(n *Node, want int, visit, belongs func(*Task) bool) (whole bool) {
	for kid := n.kids; kid != nil && want > 0; kid = kid.next {
		if t := l.taskOf(kid); t != nil && belongs(t) {
			want--
			if !visit(t) {
				break
			}
		}
	}
	return want == 0
}

// needsAll reports whether the multiAwait waits for all members that have not ended: it has no
// choice.
func (c *MultiAwait) needsAll() bool { return !c.Partial && !c.Ordered || c.pending == 1 }

// needsObserved reports whether the multiAwait waits for each member that it only observes.
func (c *MultiAwait) needsObserved() bool { return !c.over && c.needsAll() }

// needsStarted reports whether the multiAwait waits for each member that it started.
func (c *MultiAwait) needsStarted() bool { return c.started > 0 && (c.over || c.needsAll()) }

// parked reports whether the caller is parked in the multiAwait.
func (c *MultiAwait) parked() bool { return c.caller.r.w.list == &c.wait }

// refusable reports whether the wait of r's task, which is an edge, can end with
// ErrDeadlock. Acquiring a lock again can as the last resort.
func (r *runner) refusable(last bool) bool {
	switch r.why {
	case forGroup:
		return scopeOf(r.w.list).open != nil // Group.Close
	case forGather, forWait:
		return !multiAwaitOf(r.w.list).over
	case forLockAgain:
		return last
	}
	return true
}

// waitsFor is what comes before the name of a task that r's task waits for.
func (r *runner) waitsFor() string {
	switch r.why {
	case forLock, forLockAgain:
		return "waits for a lock held by "
	case forGather:
		if multiAwaitOf(r.w.list).Ordered {
			return "waits in AsCompleted for "
		}
		return "waits in Gather for "
	case forWait:
		return "waits in Wait for "
	case forGroup:
		if scopeOf(r.w.list).open != nil {
			return "waits in Group.Close for "
		}
		return "waits in WithTaskGroup for "
	}
	return "awaits "
}

// A runner has no room for a pointer to what its task waits for. It needs none: why tells
// what the list belongs to.

// taskOf returns the task at whose end the list is woken.
func taskOf(q *WaitList) *Task {
	return (*Task)(unsafe.Add(unsafe.Pointer(q), -int(unsafe.Offsetof(Task{}.completion)+unsafe.Offsetof(Completion{}.wait))))
}

func lockOf(q *WaitList) *Lock             { return (*Lock)(unsafe.Pointer(q)) }
func multiAwaitOf(q *WaitList) *MultiAwait { return (*MultiAwait)(unsafe.Pointer(q)) }
func scopeOf(q *WaitList) *Scope           { return (*Scope)(unsafe.Pointer(q)) }
