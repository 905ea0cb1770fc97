package engine

import "weak"

// heirs are the nodes that keep std contexts of ended tasks connected. Nobody
// can say when the last one stops waiting for such a context, so holding them
// all would leak in a server whose tasks come and go. The newest maxStrongHeirs
// are held firmly; older ones as long as the context is reachable by others,
// which leaves out only who waits for the bare channel of a context that nobody
// has any more. Owned by the loop.
type heirs struct {
	list    []*Node // oldest first; the first weak ones hold weakly
	weak    int
	sweepAt int
}

const maxStrongHeirs = 256

func (h *heirs) add(n *Node) {
	if len(h.list) >= max(h.sweepAt, 2*maxStrongHeirs) {
		h.sweep()
	}
	h.list = append(h.list, n)
	if len(h.list)-h.weak > maxStrongHeirs {
		h.list[h.weak].loosen()
		h.weak++
	}
}

// loosen replaces the hold of an heir on its bridge by a weak one.
func (n *Node) loosen() {
	e := n.extras()
	if b := e.std.Load(); b != nil {
		w := weak.Make(b)
		e.loose.Store(&w) // first: whoever marks n in between finds one of the two
		e.std.Store(nil)
	}
}

// sweep drops the heirs that are cancelled or that nobody can reach. As it runs
// each time the list has doubled, it costs a constant per heir.
func (h *heirs) sweep() {
	kept := h.list[:0]
	weak := 0
	for i, n := range h.list {
		loose := i < h.weak
		if n.gone() || n.state.Load() != nil || loose && n.looseStd() == nil {
			n.end()
			continue
		}
		if loose {
			weak++
		}
		kept = append(kept, n)
	}
	clear(h.list[len(kept):])
	h.list, h.weak = kept, weak
	h.sweepAt = 2 * len(kept)
}
