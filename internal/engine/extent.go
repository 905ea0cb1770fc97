package engine

import "context"

// An Extent is a body that the task runs: that of a task group, or the awaitable of WaitFor. A call
// without a ctx, such as Conn.Read, ends with the innermost one (S22). The extents of a task form a
// stack. The loop owns it.
type Extent struct {
	node *Node   // whose cancellation ends the calls; nil: that of the extents below decides
	up   *Extent // the next one outwards; nil: none
}

// EnterExtent opens an extent for ctx in the running task. It reports false and opens none if ctx is not a
// Node, and in a callback. On the loop only.
func EnterExtent(ctx context.Context, e *Extent) (t *Task, ok bool) {
	n, ok := ctx.(*Node)
	if !ok {
		return nil, false
	}
	if t = n.scope.loop.Current(); t == nil {
		return nil, false
	}
	t.enter(e, n)
	return t, true
}

func (t *Task) enter(e *Extent, n *Node) {
	e.node, e.up = n, t.extent()
	t.setExtent(e)
}

// Leave closes the innermost extent.
func (t *Task) Leave(e *Extent) { t.setExtent(e.up) }

func (t *Task) extent() *Extent {
	if t.node.flags&flagExtent == 0 {
		return nil
	}
	return t.node.ext.Load().extent
}

func (t *Task) setExtent(e *Extent) {
	if e == nil {
		t.node.flags &^= flagExtent
		t.node.ext.Load().extent = nil
		return
	}
	t.node.extras().extent = e
	t.node.flags |= flagExtent
}

// bound returns the node whose cancellation ends a call without a ctx.
func (t *Task) bound() *Node {
	if t.node.flags&flagExtent == 0 {
		return &t.node
	}
	return t.innermost()
}

func (t *Task) innermost() *Node {
	for e := t.extent(); e != nil; e = e.up {
		if e.node != nil {
			return e.node
		}
	}
	return &t.node
}
