package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// A Node is a context of the loop: that of a task, a group or a time-out, or the carrier of the
// cancellation of a foreign context. Nodes form a tree, in which cancellation propagates downwards.
//
// A node has three parts: its scope, which Value(nodeKey) finds through wrapping contexts; its state;
// and what its cancellation ends: child nodes, parked tasks, and std contexts derived from it.
//
// Invariants: state changes once, from nil to a value. A child of a cancelled node is cancelled as
// soon as the loop has propagated the state. The loop owns the links. Any goroutine may read up and
// state.
type Node struct {
	// Fixed before the node is published.
	scope  *Scope
	outer  *outside // the context of the other values; nil: none
	anchor *Node    // the nearest node, n included, with a foreign context or a deadline; nil: none

	// Any goroutine may read these.
	up    atomic.Pointer[Node]
	state atomic.Pointer[cancelState]
	ext   atomic.Pointer[nodeExt] // fields that few nodes have; made on first use

	// Owned by the loop. kids is a list; prev of its head is its tail.
	kids, next, prev *Node   // next of a node that has ended is the node itself
	parked           *runner // tasks suspended under this node, a list like kids
	propagated       bool    // the loop has propagated the cancellation below

	// Of the task that contains the node: the padding has room.
	flags taskFlags
	slot  int32 // in the registry
}

// outside is a context with values. All nodes made with it share it.
type outside struct{ context.Context }

type nodeExt struct {
	// Fixed before the node is published.
	name    string      // of a task
	stack   []uintptr   // of a task's creation, if the loop has a tracer
	record  *TaskRecord // of a task, if the loop has a tracer
	limit   *deadline   // of a time-out
	foreign *source     // of a carrier
	left    *detached   // of the node that an ended one left in its place

	std      atomic.Pointer[stdBridge]
	exposed  atomic.Bool // a Done channel was requested, here or below
	index    int32       // in bridges.nodes, from 1; 0: not there. Guarded by its mutex
	carriers []*Node     // kept by a task for its next awaits; owned by the loop
	extent   *Extent     // of a task with flagExtent: the innermost; owned by the loop
}

// source is the foreign context that a carrier carries.
type source struct {
	ctx     context.Context
	stop    func() bool // the context.AfterFunc; nil: stopped
	carrier *Node       // nil: the root's node
	holders int         // tasks that keep the carrier; owned by the loop

	// See Node.derived; owned by the loop.
	derived    *Node
	shieldRoot *Node // that of the scope; it lists the carrier while the context is watched, but is not its parent
}

func (n *Node) extras() *nodeExt {
	if e := n.ext.Load(); e != nil {
		return e
	}
	n.ext.CompareAndSwap(nil, new(nodeExt))
	return n.ext.Load()
}

// source returns the foreign source of a carrier, nil for other nodes.
func (n *Node) source() *source {
	if e := n.ext.Load(); e != nil {
		return e.foreign
	}
	return nil
}

// std returns the std context of the node, or nil.
func (n *Node) std() *stdBridge {
	if e := n.ext.Load(); e != nil {
		return e.std.Load()
	}
	return nil
}

func (n *Node) gone() bool { return n.next == n }

// standing returns n, or the node that replaced it in the tree when it ended.
func (n *Node) standing() *Node {
	for n.gone() && n.state.Load() == nil {
		up := n.up.Load()
		if up == nil {
			break
		}
		n = up
	}
	return n
}

// cancelState is the reason of a cancellation: the results of Err and Cause.
type cancelState struct {
	err, cause error
	foreign    context.Context // the foreign context that ended; nil: none
}

type nodeKey struct{}

// NodeOf returns ctx if it is a Node, or the Node that it wraps. It returns nil if ctx has no loop.
func NodeOf(ctx context.Context) *Node {
	if n, ok := ctx.(*Node); ok {
		return n
	}
	n, _ := ctx.Value(nodeKey{}).(*Node)
	return n
}

// Loop returns the loop of the node.
func (n *Node) Loop() *Loop { return n.scope.loop }

// Done implements context.Context. It makes a std context on first use.
func (n *Node) Done() <-chan struct{} { return n.bridge().Done() }

// Err implements context.Context.
func (n *Node) Err() error {
	if s := n.adopt(); s != nil {
		return s.err
	}
	return nil
}

// adopt returns why n is cancelled, or nil. It examines the nodes above, foreign contexts and
// deadlines, as the loop may not have propagated the cancellation yet, and cannot while a step blocks
// it. All nodes up to the cancelled one get its state. Only propagate wakes the tasks parked there.
func (n *Node) adopt() *cancelState {
	var s *cancelState
	for p := n; p != nil && s == nil; p = p.up.Load() {
		if s = p.state.Load(); s != nil {
			break
		}
		if due := p.due(); due != nil {
			p.mark(due)
			s = p.state.Load()
		}
	}
	for p := n; s != nil && p != nil && p.mark(s); p = p.up.Load() {
	}
	return s
}

// due returns a state if the foreign context of n has ended or its deadline has passed.
func (n *Node) due() *cancelState {
	e := n.ext.Load()
	switch {
	case e == nil:
	case e.foreign != nil && e.foreign.ctx.Err() != nil:
		return stateOf(e.foreign.ctx)
	case e.foreign != nil && e.foreign.carrier != nil && e.foreign.carrier != n:
		return e.foreign.shieldRoot.state.Load() // n is the derived node
	case e.limit != nil && e.limit.passed():
		return expired()
	}
	return nil
}

// reason is adopt on the loop. There the state of the node is enough, unless a cancellation is in the
// inbox, or comes from a foreign context or a deadline. reason examines only the anchors, whatever the
// depth of the tree, and reads the clock only if one has a deadline.
func (n *Node) reason(l *Loop) *cancelState {
	if s := n.state.Load(); s != nil {
		return s
	}
	// propagate does not reach a node that has ended.
	if n.gone() || l.signal.Load()&signalInbox != 0 {
		return n.adopt()
	}
	for a := n.anchor; a != nil; a = a.above() {
		if a.state.Load() != nil || a.due() != nil {
			return n.adopt()
		}
	}
	return nil
}

// Deadline implements context.Context.
func (n *Node) Deadline() (first time.Time, ok bool) {
	for p := n; p != nil; p = p.up.Load() {
		e := p.ext.Load()
		if e == nil {
			continue
		}
		var d time.Time
		var has bool
		switch {
		case e.limit != nil:
			d, has = e.limit.at, true
		case e.foreign != nil:
			d, has = e.foreign.ctx.Deadline()
		}
		if has && (!ok || d.Before(first)) {
			first, ok = d, true
		}
	}
	return first, ok
}

// Value implements context.Context.
func (n *Node) Value(key any) any {
	switch {
	case key == nodeKey{}:
		return n
	case key == stdKey:
		n.adopt()
		return n.bridge().Context.Value(key)
	case n.outer == nil:
		return nil
	}
	return n.outer.Value(key)
}

// String implements fmt.Stringer.
func (n *Node) String() string { return "asyncio.Context" }

// above returns the next anchor above n, which is an anchor.
func (n *Node) above() *Node {
	if up := n.up.Load(); up != nil {
		return up.anchor
	}
	return nil
}

// cancelled is Err on the loop.
func (n *Node) cancelled(l *Loop) error {
	if s := n.reason(l); s != nil {
		return s.err
	}
	return nil
}

// newChild initializes n as a child of parent, which carries the cancellation of ctx; nil: none does.
func newChild(n *Node, ctx context.Context, scope *Scope, parent *Node) {
	if n.scope == nil { // a submitted task has its scope already
		n.scope = scope
	}
	n.outer = outsideOf(ctx)
	if parent == nil {
		if scope.node == n { // n is the node of a new scope
			scope = scope.outer
		}
		if parent = scope.shieldParent(); parent == nil {
			return
		}
	}
	parent = parent.standing()
	n.anchor = parent.anchor
	if s := parent.state.Load(); s != nil {
		n.state.CompareAndSwap(nil, s)
		n.up.Store(parent) // for its deadline
		return
	}
	if src := parent.source(); src != nil && src.carrier != nil {
		if parent == src.carrier && parent.up.Load() == nil {
			parent = parent.derived(src)
		}
		parent.rewatch()
	}
	parent.link(n)
}

func outsideOf(ctx context.Context) *outside {
	if p, ok := ctx.(*Node); ok {
		return p.outer // p adds no value of its own: chains of tasks stay flat
	}
	return &outside{ctx}
}
