package engine

// This file is the tree of nodes as the loop moves it: who hangs below whom, who
// is parked where, and how a cancellation travels down.

func (n *Node) link(kid *Node) {
	kid.up.Store(n)
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
// are parked under it.
func (n *Node) end() {
	if n.gone() {
		return
	}
	parent := n.up.Load()
	for kid := n.kids; kid != nil; {
		next := kid.next
		kid.next, kid.prev = nil, nil
		if parent == nil {
			kid.up.Store(nil)
		} else {
			parent.link(kid)
		}
		kid = next
	}
	n.kids = nil
	for r := n.parked; r != nil && parent != nil; r = n.parked {
		r.leaveNode()
		parent.addParked(r)
	}
	if n.prev != nil {
		if n.std() != nil && n.state.Load() == nil {
			n.leaveHeir(parent)
		}
		parent.unlink(n)
	}
	n.next = n
}

// leaveHeir keeps the std contexts made from an ended node connected: a task's
// context is not cancelled by its end, but what cancels its scope later must
// still reach a goroutine that waits for it. The heir holds nothing else.
func (n *Node) leaveHeir(parent *Node) {
	heir := &Node{scope: n.scope}
	heir.extras().std.Store(n.std())
	parent.link(heir)
	n.up.Store(heir)
	n.scope.loop.heirs.add(heir)
}

// Cancel cancels n and everything below it. It reports whether n was not yet
// cancelled. From any goroutine: the state of n changes at once, the news
// reaches what is below at once on the loop, and in its next turn otherwise.
func (n *Node) Cancel(err, cause error) bool {
	return n.cancel(&cancelState{err: err, cause: cause})
}

func (n *Node) cancel(s *cancelState) bool {
	first := n.mark(s)
	if l := n.scope.loop; l.Here() {
		n.spread()
	} else {
		l.post(n.spread) // a closed loop has nothing left to tell
	}
	return first
}

// mark cancels this one node, and the std contexts made from it.
func (n *Node) mark(s *cancelState) bool {
	if !n.state.CompareAndSwap(nil, s) {
		return false
	}
	if b := n.std(); b != nil {
		b.close(s)
	} else if b := n.looseStd(); b != nil {
		b.close(s)
	}
	return true
}

// spread wakes the tasks parked under the marked node top, then marks and does
// the same for all that is below, parents first and in order of creation. It
// follows the links instead of recursing: trees may be 100,000 deep.
func (top *Node) spread() {
	if top.told {
		return
	}
	s := top.state.Load()
	n := top
	for {
		n.told = true
		n.wakeParked()
		kid := n.kids
		for {
			for kid == nil { // nothing (more) below n: go on beside it
				if n == top {
					return
				}
				kid, n = n.next, n.up.Load()
			}
			if !kid.told {
				kid.mark(s)
				break
			}
			kid = kid.next // cancelled before, with all below it
		}
		n = kid
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
