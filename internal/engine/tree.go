package engine

// This file is the tree of nodes as the loop moves it: who hangs below whom, who
// is parked where, and how a cancellation travels down.

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

// end takes n out of the tree. Its children, which may live on, become its
// parent's: so a chain of successors stays one layer deep. So do other tasks that
// are parked under it. A cancelled node has cancelled them all.
func (n *Node) end() {
	if n.gone() {
		return
	}
	if n.state.Load() != nil {
		n.propagate() // it was marked by another goroutine: no later spread would find the children
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

// Cancel cancels n and everything below it. It reports whether n was not yet
// cancelled. From any goroutine: the state of n changes at once, and so does every
// Done channel below that was requested. Tasks are woken at once on the loop, and
// in its next turn otherwise.
func (n *Node) Cancel(err, cause error) bool {
	return n.cancel(&cancelState{err: err, cause: cause})
}

// cancel is Cancel with a state, unless another reason came first: a deadline, or a
// cancellation above that has not been spread.
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

// mark cancels this one node, and the std contexts made from it.
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

// spread wakes the tasks parked under the marked node top, then marks and does
// the same for all that is below, parents first and in order of creation. It
// follows the links instead of recursing: trees may be 100,000 deep.
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
			for kid == nil { // nothing (more) below n: go on beside it
				if n == top {
					return
				}
				kid, n = n.next, n.up.Load()
			}
			if !kid.propagated {
				kid.mark(n.state.Load()) // as n, which may have been marked before top
				break
			}
			kid = kid.next // cancelled before, with all below it
		}
		n = kid
	}
}

// disarm stops the timer of a time-out, which has nothing left to cancel.
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
