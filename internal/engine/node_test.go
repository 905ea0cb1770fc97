package engine

import (
	"context"
	"errors"
	"testing"
)

// naive is the twin of a node: it looks its cancellation up from the root each
// time instead of being told.
type naive struct {
	parent *naive
	cause  error // its own
	ended  bool
}

// up is the nearest ancestor that has not ended.
func (n *naive) up() *naive {
	p := n.parent
	for p != nil && p.ended {
		p = p.parent
	}
	return p
}

// FuzzTree drives the tree of nodes and its twin with the same operations:
// pairs of bytes, what and with which node.
func FuzzTree(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 1, 1, 1, 2, 2})
	f.Add([]byte{0, 0, 0, 0, 0, 1, 2, 1, 1, 0, 0, 2, 3, 3})
	f.Fuzz(func(t *testing.T, program []byte) {
		l := New(DefaultConfig())
		l.cur.Store(&l.rootRunner)
		l.rootRunner.g.Store(here())
		nodes := []*Node{l.root.node}
		twins := []*naive{{}}
		causes := []error{nil}
		for i := 0; i+1 < len(program) && len(nodes) < 200; i += 2 {
			k := int(program[i+1]) % len(nodes)
			n, w := nodes[k], twins[k]
			switch program[i] % 4 {
			case 0: // a child; under an ended node it is the parent's
				if n.gone() {
					continue
				}
				kid := &Node{}
				newChild(kid, n, l.root, n)
				nodes, twins, causes = append(nodes, kid), append(twins, &naive{parent: w}), append(causes, nil)
				if s := kid.state.Load(); s != nil {
					causes[len(causes)-1] = s.cause
				}
			case 1: // cancel, which an ended node does not hear of
				if n.gone() {
					continue
				}
				cause := errors.New("cause")
				w.cause = cause
				n.Cancel(context.Canceled, cause)
				for j, other := range twins {
					if causes[j] == nil && !other.ended && under(other, w) {
						causes[j] = cause
					}
				}
			case 2: // end
				if k > 0 && !n.gone() {
					n.end()
					w.ended = true
				}
			case 3: // ask for the std context
				n.Done()
			}
		}
		for j, n := range nodes {
			if twins[j].ended {
				continue
			}
			if got := context.Cause(n); got != causes[j] {
				t.Fatalf("node %d: cause %v, want %v", j, got, causes[j])
			}
			select {
			case <-n.Done():
				if causes[j] == nil {
					t.Fatalf("node %d: Done is closed, not cancelled", j)
				}
			default:
				if causes[j] != nil {
					t.Fatalf("node %d: Done is open, cancelled", j)
				}
			}
		}
	})
}

func under(n, top *naive) bool {
	for ; n != nil; n = n.up() {
		if n == top {
			return true
		}
	}
	return false
}
