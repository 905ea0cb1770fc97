package engine

import "context"

// A confined task runs a function that may use contexts of its creator. The cancellation of the task ends
// each of its waits, whatever the ctx of the wait. It also cancels what a wait has started, such as the
// coroutines of a Gather, a task group, or a function in a thread. It does not cancel tasks of another
// scope.
//
// A ctx without a cancellation (context.WithoutCancel) shields a wait from it.

// Confine makes t a confined task. On the loop only, before its first step.
func (t *Task) Confine() {
	t.node.flags |= flagConfined
	t.completion.loop.confined++
}

// confine returns the node whose cancellation ends a wait of the running task under ctx. n carries the
// cancellation of ctx. For a confined task the node has that of the task, too.
func (l *Loop) confine(ctx context.Context, n *Node) *Node {
	if l.confined == 0 || n == nil {
		return n
	}
	t := l.Current()
	if t == nil || t.node.flags&flagConfined == 0 || n.below(&t.node) {
		return n
	}
	if t.node.cancelled(l) != nil {
		return &t.node
	}
	if c := t.held(ctx.Done(), true); c != nil {
		return c
	}
	c := newCarrier(ctx, n.scope)
	t.node.link(c)
	t.hold(c)
	return c
}

// below reports whether the cancellation of top reaches n through the tree.
func (n *Node) below(top *Node) bool {
	for ; n != nil; n = n.up.Load() {
		if n == top {
			return true
		}
	}
	return false
}

// Context returns a context for a function that the call runs in another goroutine. It is ctx, or for a
// confined task a context that is also cancelled with the task. end must be called on the loop when the
// call has ended.
func (c Caller) Context(ctx context.Context) (_ context.Context, end func()) {
	if c.L.confined == 0 || c.n == nil || c.Task().node.flags&flagConfined == 0 {
		return ctx, func() {}
	}
	n := &Node{}
	newChild(n, ctx, c.n.scope, c.n)
	return n, n.end
}
