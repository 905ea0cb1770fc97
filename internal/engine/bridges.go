package engine

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
	"weak"
)

// bridges are the nodes of a loop whose Done channel was requested and is open.
// The tree belongs to the loop; a cancellation from another goroutine finds here
// what it must close while a step blocks the loop:
//
//	register: add the node, mark the nodes above as exposed; then look at their states
//	cancel:   set the state; then, if the node is exposed, look at all nodes in bridges
//
// So one of the two sees the other. A node looks upwards (see adopt).
type bridges struct {
	mu    sync.Mutex
	nodes []*Node

	// Nodes added by other goroutines, of which the loop has not yet seen whether
	// they have ended: its spread may miss those.
	unsettled atomic.Int32

	collected *atomic.Int32 // bridges of detached nodes since the last sweep
	kept      int           // nodes at the last sweep; owned by the loop
}

// register adds n, whose bridge was just made. From any goroutine.
func (bs *bridges) register(n *Node) {
	l := n.scope.loop
	here := l.Here()
	if !here {
		bs.unsettled.Add(1)
	}
	bs.mu.Lock()
	bs.put(n)
	for p := n; p != nil && p.expose(); p = p.up.Load() {
	}
	bs.mu.Unlock()
	if s := n.adopt(); s != nil {
		n.std().close(s)
		bs.remove(n)
	}
	if here {
		n.settle()
	} else if l.post(func() { n.settle(); bs.unsettled.Add(-1) }) != nil {
		bs.unsettled.Add(-1)
	}
}

func (bs *bridges) put(n *Node) {
	bs.nodes = append(bs.nodes, n)
	n.extras().index = int32(len(bs.nodes))
}

// expose notes that n or a node below it is in bridges. It reports false if that was
// known, of n and so of the nodes above it.
func (n *Node) expose() bool {
	e := n.extras()
	if e.exposed.Load() {
		return false
	}
	e.exposed.Store(true)
	if e.limit != nil {
		e.limit.watch()
	}
	return true
}

// remove takes n out if it is there.
func (bs *bridges) remove(n *Node) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	e := n.ext.Load()
	if e.index == 0 {
		return
	}
	last := len(bs.nodes) - 1
	moved := bs.nodes[last]
	bs.nodes[e.index-1], bs.nodes[last] = moved, nil
	bs.nodes = bs.nodes[:last]
	moved.ext.Load().index = e.index
	e.index = 0
}

// replace puts other in the place of n and reports whether n was there.
func (bs *bridges) replace(n, other *Node) bool {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	e := n.ext.Load()
	if e.index == 0 {
		return false
	}
	bs.nodes[e.index-1], other.ext.Load().index = other, e.index
	e.index = 0
	return true
}

// scan cancels the nodes below top, which is cancelled, and so closes their Done
// channels. It follows links only, some 10 ns a node, until it finds one below top.
// From any goroutine.
func (bs *bridges) scan(top *Node) {
	bs.mu.Lock()
	nodes := slices.Clone(bs.nodes)
	bs.mu.Unlock()
	for _, n := range nodes {
		if n.state.Load() == nil && n.below(top) {
			n.adopt()
		}
	}
}

// scanUnsettled is scan for the loop, whose spread reaches all others.
func (bs *bridges) scanUnsettled(top *Node) {
	if bs.unsettled.Load() != 0 {
		bs.scan(top)
	}
}

// settle detaches n if it had ended when its bridge was made. On the loop.
func (n *Node) settle() {
	if !n.gone() {
		return
	}
	if parent := n.standing(); parent == n {
		n.scope.loop.bridges.remove(n)
	} else if s := parent.state.Load(); s != nil {
		n.mark(s)
	} else {
		n.detach(parent)
	}
}

// detached is what stands in the tree for an ended node whose Done channel is open:
// the end of a task does not cancel its context, the end of its scope does. Tasks come
// and go, so it keeps alive neither the node nor the channel:
//
//   - The std context is in use as long as the node is reachable, or contexts derived
//     from it are open: these form a cycle with the bridge. The garbage collector does
//     not free a cycle through an object with a finalizer, and the bridge has one.
//   - Without a context, a goroutine may still wait for the channel, and keeps it alive.
type detached struct {
	std  weak.Pointer[stdBridge]
	done weak.Pointer[byte]
}

// detach leaves a detached node in the place of n, which has ended.
func (n *Node) detach(parent *Node) {
	bs, b := &n.scope.loop.bridges, n.std()
	other := &struct {
		Node
		ext  nodeExt
		left detached
	}{}
	other.left = detached{weak.Make(b), weak.Make(chanPointer(b.Done()))}
	other.ext.left = &other.left
	other.Node.ext.Store(&other.ext)
	other.scope = n.scope
	parent.rewatch()
	parent.link(&other.Node)
	if !bs.replace(n, &other.Node) { // cancelled just now, or not registered yet: settle follows
		parent.unlink(&other.Node)
		return
	}
	collected := bs.collected // a finalizer that refers to the loop would keep it alive
	runtime.SetFinalizer(b, func(*stdBridge) { collected.Add(1) })
	n.up.Store(&other.Node)
	if int(bs.collected.Load()) >= max(minSweep, bs.kept/4) {
		bs.sweep()
	}
}

const minSweep = 512

// sweep takes the detached nodes out of the tree that have nothing left to close. It
// runs when a quarter of the nodes may be such, so it costs a constant for each.
func (bs *bridges) sweep() {
	var dead []*Node
	bs.mu.Lock()
	kept := bs.nodes[:0]
	for _, n := range bs.nodes {
		e := n.ext.Load()
		if e.left != nil && e.left.unreachable() {
			e.index = 0
			dead = append(dead, n)
			continue
		}
		kept = append(kept, n)
		e.index = int32(len(kept))
	}
	clear(bs.nodes[len(kept):])
	bs.nodes = kept
	bs.kept = len(kept)
	bs.collected.Store(0)
	bs.mu.Unlock()
	for _, n := range dead {
		n.end()
	}
}

func (d *detached) unreachable() bool { return d.std.Value() == nil && d.done.Value() == nil }

// close ends the std context or, if that is unreachable, closes the bare channel. In
// the second case there is no call of stdBridge.close, which keeps its bridge alive.
func (d *detached) close(s *cancelState) {
	if b := d.std.Value(); b != nil {
		b.close(s)
	} else if p := d.done.Value(); p != nil {
		done := chanOf(p)
		select {
		case <-done: // closed by the node itself
		default:
			close(done)
		}
	}
}

// A channel is a pointer to an object of the runtime.
func chanPointer(ch <-chan struct{}) *byte { return *(**byte)(unsafe.Pointer(&ch)) }
func chanOf(p *byte) chan struct{}         { return *(*chan struct{})(unsafe.Pointer(&p)) }
