package engine

import (
	"context"
	"sync/atomic"
	"time"
	"weak"
)

// A Node is a context of the loop: that of a task, a group, a time-out, or the
// carrier of a foreign context's cancellation. Nodes form a tree in which
// cancellation travels downwards.
//
// A node knows three things: which loop and scope it belongs to (that is what
// Value(nodeKey) finds through any wrapping), whether it is cancelled, and who
// must hear of it: child nodes, parked tasks, and std contexts derived from it.
//
// Invariants: state goes from nil to one value, once. A child of a cancelled
// node is cancelled too, as soon as the loop has spread the news. The links
// are touched by the loop only; up and state may be read by anybody.
type Node struct {
	// Fixed before the node is published.
	scope  *Scope
	outer  *outside // where Value goes on; nil: nowhere
	anchor *Node    // the nearest carrier of a foreign context, a carrier's is itself; nil: none

	// Read by anybody.
	up    atomic.Pointer[Node]
	state atomic.Pointer[cancelState]
	ext   atomic.Pointer[nodeExt] // what few nodes have; made on first use

	// Owned by the loop. kids is a list whose head's prev is its tail.
	kids, next, prev *Node   // a node that has ended is its own next
	parked           *runner // tasks suspended under this node, a list like kids
	told             bool    // what is below has been told of the cancellation

	// Of the task whose node it is: here there is room.
	flags taskFlags
	slot  int32 // in the registry
}

// outside is a context that adds values, shared by all nodes made with it.
type outside struct{ context.Context }

type nodeExt struct {
	// Fixed before the node is published.
	name    string    // of a task
	stack   []uintptr // of a task's creation, in debug mode
	life    *taskLife // of a task, in debug mode
	lapse   *lapse    // of a time-out
	foreign *source   // of a carrier

	std      atomic.Pointer[stdBridge]               // for anybody
	loose    atomic.Pointer[weak.Pointer[stdBridge]] // of an old heir, instead
	carriers []*Node                                 // kept by a task for its next awaits; owned by the loop
	extent   *Extent                                 // of a task with flagExtent: the innermost; owned by the loop
}

// source is the foreign context that a carrier carries.
type source struct {
	ctx     context.Context
	stop    func() bool // the context.AfterFunc; nil: stopped
	holders int         // tasks that keep the carrier; owned by the loop
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

// std returns the node's std context if one was made.
func (n *Node) std() *stdBridge {
	if e := n.ext.Load(); e != nil {
		return e.std.Load()
	}
	return nil
}

func (n *Node) looseStd() *stdBridge {
	if e := n.ext.Load(); e != nil {
		if w := e.loose.Load(); w != nil {
			return w.Value()
		}
	}
	return nil
}

func (n *Node) gone() bool { return n.next == n }

// standing returns n, or what took its place in the tree when it ended.
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

// cancelState says why a node is cancelled: what Err and Cause return.
type cancelState struct {
	err, cause error
	foreign    context.Context // the foreign context it came from, if any
}

type nodeKey struct{}

// NodeOf returns the loop's node in ctx or below it, nil off the loop.
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

// adopt returns why n is cancelled, nil if it is not. It looks upwards, because
// news from another goroutine may not have been spread yet: a computation that
// blocks the loop sees the Ctrl-C all the same. What it finds becomes the state
// of all nodes on the way; waking who is parked there is left to spread.
func (n *Node) adopt() *cancelState {
	var s *cancelState
	for p := n; p != nil && s == nil; p = p.up.Load() {
		s = p.state.Load()
		if src := p.source(); s == nil && src != nil && src.ctx.Err() != nil {
			p.mark(stateOf(src.ctx))
			s = p.state.Load()
		}
	}
	for p := n; s != nil && p != nil && p.mark(s); p = p.up.Load() {
	}
	return s
}

// reason is adopt on the loop, where the node's own state is enough unless news
// may be on the way: in the inbox, or about to be sent by a foreign context above.
// It looks at those alone, however deep the tree is.
func (n *Node) reason(l *Loop) *cancelState {
	if s := n.state.Load(); s != nil {
		return s
	}
	if n.gone() { // no news reaches it any more: ask upwards
		return n.adopt()
	}
	for a := n.anchor; a != nil; a = a.above() {
		if a.state.Load() == nil {
			src := a.source()
			if src.ctx.Err() == nil {
				continue
			}
			a.cancel(stateOf(src.ctx))
		}
		return n.adopt() // another goroutine may be between marking a and telling the loop
	}
	if l.signal.Load()&signalInbox != 0 {
		return n.adopt()
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
		case e.lapse != nil:
			d, has = e.lapse.deadline, true
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

// above is the next carrier above a carrier, which is its own anchor.
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

// newChild makes a node under the one that carries the cancellation of ctx.
func newChild(n *Node, ctx context.Context, scope *Scope, parent *Node) {
	if n.scope == nil { // a submitted task has its scope already
		n.scope = scope
	}
	if p, ok := ctx.(*Node); ok {
		n.outer = p.outer // p adds no value of its own: chains of tasks stay flat
	} else {
		n.outer = &outside{ctx}
	}
	if parent == nil {
		return
	}
	parent = parent.standing()
	n.anchor = parent.anchor
	if s := parent.state.Load(); s != nil {
		n.state.CompareAndSwap(nil, s)
		n.up.Store(parent) // for its deadline
		return
	}
	parent.link(n)
}
