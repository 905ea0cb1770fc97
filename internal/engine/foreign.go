package engine

import "context"

// A task that awaits or creates under a std context gets a carrier: a node that
// is cancelled by one context.AfterFunc. The task keeps it for its next awaits
// with the same Done channel. The opposite direction is in bridge.go.

// maxWatches bounds the carriers that a task keeps for later awaits.
const maxWatches = 4

// carrier returns the node that is cancelled with ctx, whose own node is own. It returns nil if ctx
// cannot be cancelled. On the loop only.
func (l *Loop) carrier(ctx context.Context, own *Node) *Node {
	if n, ok := ctx.(*Node); ok {
		return n
	}
	done := ctx.Done()
	if done == nil {
		return nil // context.WithoutCancel
	}
	if b := own.std(); b != nil && b.Done() == done {
		return own // only values were added
	}
	t := l.Current()
	if t == nil {
		return newCarrier(ctx, own.scope)
	}
	c := t.held(done, false)
	if c == nil {
		c = newCarrier(ctx, own.scope)
		t.hold(c)
	}
	return c
}

// held returns the carrier that t keeps for a Done channel, or nil. confined selects a carrier
// below the node of t.
func (t *Task) held(done <-chan struct{}, confined bool) *Node {
	if e := t.node.ext.Load(); e != nil {
		for _, c := range e.carriers {
			if src := c.source(); src.ctx.Done() == done && (c.up.Load() != nil) == confined {
				return c
			}
		}
	}
	return nil
}

func newCarrier(ctx context.Context, scope *Scope) *Node {
	c := &Node{scope: scope}
	c.anchor = c // it asks its own context too
	src := &source{ctx: ctx, carrier: c}
	c.extras().foreign = src
	src.stop = context.AfterFunc(ctx, func() { c.cancelFrom(ctx) })
	return c
}

func (n *Node) cancelFrom(ctx context.Context) { n.cancel(stateOf(ctx)) }

// stateOf returns the state of a foreign context that has ended.
func stateOf(ctx context.Context) *cancelState {
	return &cancelState{err: ctx.Err(), cause: context.Cause(ctx), foreign: ctx}
}

// hold keeps c for the task's next awaits. It replaces the oldest carrier if there are maxWatches.
func (t *Task) hold(c *Node) {
	e := t.node.extras()
	if len(e.carriers) == maxWatches {
		oldest := e.carriers[0]
		e.carriers = append(e.carriers[:0], e.carriers[1:]...)
		oldest.drop()
	}
	c.source().holders++
	e.carriers = append(e.carriers, c)
}

func (t *Task) dropCarriers() {
	e := t.node.ext.Load()
	if e == nil {
		return
	}
	for _, c := range e.carriers {
		c.drop()
	}
	e.carriers = nil
}

func (n *Node) drop() {
	n.source().holders--
	n.releaseCarrier()
}

// releaseCarrier stops watching a foreign context on which no node depends. n is its carrier
// or derived node.
func (n *Node) releaseCarrier() {
	src := n.source()
	if src == nil || src.stop == nil || src.holders > 0 {
		return
	}
	c := src.carrier
	if c.parked != nil || c.kids != nil && (c.kids != src.derived || c.kids.next != nil || c.kids.kids != nil) {
		return
	}
	src.stop()
	src.stop = nil
	switch {
	case c.up.Load() != nil: // below a confined task
		c.end()
	case c.prev != nil:
		src.shieldRoot.unlink(c)
	}
}

// derived returns the parent of nodes that are made with the carrier's foreign context. The end
// of the scope cancels the derived node, but not the carrier: an await with the foreign context
// continues. After the end of the scope derived returns c itself.
func (c *Node) derived(src *source) *Node {
	if src.derived == nil && !c.scope.ended {
		src.shieldRoot = c.scope.shieldParent()
		src.derived = &Node{scope: c.scope, anchor: c}
		src.derived.extras().foreign = src
		c.link(src.derived)
		src.shieldRoot.enlist(c)
	}
	if src.derived == nil || c.scope.ended {
		return c
	}
	return src.derived
}

// rewatch watches a foreign context again. n is its carrier or derived node.
func (n *Node) rewatch() {
	src := n.source()
	if src == nil || src.stop != nil || src.carrier == nil {
		return
	}
	c := src.carrier
	src.stop = context.AfterFunc(src.ctx, func() { c.cancelFrom(src.ctx) })
	if src.derived != nil && c.prev == nil && !c.scope.ended {
		src.shieldRoot.enlist(c)
	}
}
