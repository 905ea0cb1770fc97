package engine

// This file has the tree of nodes: its links, the tasks that are parked under a node, and the
// propagation of a cancellation.

func (n *Node) link(kid *Node) {
	kid.up.Store(n)
	n.enlist(kid)
}

func (n *Node) enlist(kid *Node) {
	if n.kids == nil {
		kid.prev = kid
		n.kids = kid
		return
	}
	last := n.kids.prev
	last.next, kid.prev, n.kids.prev = kid, last, kid
}

func (n *Node) unlink(kid *Node) {
	switch {
	case n.kids == kid:
		if n.kids = kid.next; n.kids != nil {
			n.kids.prev = kid.prev
		}
	case kid.next == nil:
		n.kids.prev = kid.prev
		kid.prev.next = nil
	default:
		kid.prev.next, kid.next.prev = kid.next, kid.prev
	}
	kid.next, kid.prev = nil, nil
	n.releaseCarrier()
}

// end removes n from the tree. Its children and the tasks parked under it move to its parent, so a
// chain of tasks that each create the next stays one level deep. A cancelled node has cancelled them.
func (n *Node) end() {
	if n.gone() {
		return
	}
	if n.state.Load() != nil {
		n.propagate() // another goroutine has marked it, and the children are not found later
	}
	parent := n.up.Load()
	for kid := n.kids; kid != nil; {
		next := kid.next
		kid.next, kid.prev = nil, nil
		switch {
		case n.propagated:
		case parent == nil:
			kid.up.Store(nil)
		default:
			parent.link(kid)
		}
		kid = next
	}
	n.kids = nil
	for r := n.parked; r != nil && parent != nil; r = n.parked {
		r.leaveNode()
		parent.addParked(r)
	}
	linked := n.prev != nil
	if n.std() != nil {
		if linked && n.state.Load() == nil {
			n.detach(parent)
		}
		n.scope.loop.bridges.remove(n)
	}
	if linked {
		parent.unlink(n)
	}
	n.next = n
}

// Cancel cancels n and all nodes below it. It reports whether n was not cancelled before. It can be
// called from any goroutine. The state of n changes at once, and every requested Done channel below
// closes at once. On the loop Cancel wakes the tasks; otherwise the next turn does.
func (n *Node) Cancel(err, cause error) bool {
	return n.cancel(&cancelState{err: err, cause: cause})
}

// cancel is Cancel with a state. A deadline that has passed and a cancellation above that was not
// propagated have priority.
func (n *Node) cancel(s *cancelState) bool {
	l := n.scope.loop
	if l.Here() {
		n.reason(l)
		first := n.mark(s)
		n.propagate()
		l.bridges.scanUnsettled(n)
		return first
	}
	n.adopt()
	first := n.mark(s)
	l.post(n.propagate) // a closed loop has no task left to wake
	if e := n.ext.Load(); e != nil && e.exposed.Load() {
		l.bridges.scan(n)
	}
	return first
}

// mark cancels n alone, and the std contexts derived from it.
func (n *Node) mark(s *cancelState) bool {
	if !n.state.CompareAndSwap(nil, s) {
		return false
	}
	if e := n.ext.Load(); e != nil {
		n.closeDone(e, s)
	}
	return true
}

func (n *Node) closeDone(e *nodeExt, s *cancelState) {
	if e.limit != nil {
		e.limit.unwatch()
	}
	b := e.std.Load()
	switch {
	case b != nil:
		b.close(s)
	case e.left != nil:
		e.left.close(s)
	default:
		return
	}
	n.scope.loop.bridges.remove(n)
}

// propagate wakes the tasks parked under the marked node top. Then it marks the nodes below and wakes
// their tasks, parents first and in order of creation. It does not recurse: a tree may have 100,000
// levels.
func (top *Node) propagate() {
	if top.propagated {
		return
	}
	n := top
	for {
		n.propagated = true
		n.disarm()
		n.wakeParked()
		kid := n.kids
		for {
			for kid == nil { // no more children: continue with the next sibling
				if n == top {
					return
				}
				kid, n = n.next, n.up.Load()
			}
			if !kid.propagated {
				kid.mark(n.state.Load()) // n may have been marked before top
				break
			}
			kid = kid.next // cancelled before, with all nodes below
		}
		n = kid
	}
}

// disarm stops the timer of a cancelled time-out.
func (n *Node) disarm() {
	if e := n.ext.Load(); e != nil && e.limit != nil {
		n.scope.loop.timers.Disarm(e.limit)
	}
}

func (n *Node) wakeParked() {
	for r := n.parked; r != nil; r = n.parked {
		n.scope.loop.wake(r, wokenByCancel)
	}
}

func (n *Node) addParked(r *runner) {
	r.under = n
	if n.parked == nil {
		r.prev = r
		n.parked = r
		return
	}
	last := n.parked.prev
	last.next, r.prev, n.parked.prev = r, last, r
}

func (r *runner) leaveNode() {
	n := r.under
	if n == nil {
		return
	}
	switch {
	case n.parked == r:
		if n.parked = r.next; n.parked != nil {
			n.parked.prev = r.prev
		}
	case r.next == nil:
		n.parked.prev = r.prev
		r.prev.next = nil
	default:
		r.prev.next, r.next.prev = r.next, r.prev
	}
	r.under, r.next, r.prev = nil, nil, nil
}
