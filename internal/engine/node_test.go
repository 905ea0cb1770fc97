package engine

import (
	"context"
	"errors"
	"fmt"
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

// FuzzTree drives the tree of nodes and its twin with the same operations: pairs of
// bytes, the operation and the node.
func FuzzTree(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 1, 1, 1, 2, 2})
	f.Add([]byte{0, 0, 0, 0, 0, 1, 2, 1, 1, 0, 0, 2, 3, 3})
	f.Add([]byte{0, 0, 0, 1, 3, 2, 2, 2, 2, 1, 4, 0})
	f.Add([]byte{0, 0, 0, 1, 2, 2, 5, 2, 4, 1, 0, 1})
	f.Add([]byte{0, 0, 0, 1, 130, 1, 1, 0}) // 130: outside, and the loop takes its posts later
	f.Add([]byte{0, 0, 130, 0, 1, 1})
	f.Add([]byte{0, 0, 0, 1, 130, 0, 0, 1, 3, 3})
	if err := checkContext(learnStdKey()); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		if err := treeProgram(program); err != nil {
			t.Fatal(err)
		}
	})
}

// treeProgram runs the operations and reports a difference.
func treeProgram(program []byte) error {
	l := New(DefaultConfig())
	l.rootRunner.g.Store(here())
	onLoop := func() { l.cur.Store(&l.rootRunner) }
	offLoop := func() { l.cur.Store(nil) }
	onLoop()
	nodes := []*Node{l.root.node}
	twins := []*naive{{}}
	causes := []error{nil}
	requested := map[int]<-chan struct{}{}
	for i := 0; i+1 < len(program) && len(nodes) < 200; i += 2 {
		k := int(program[i+1]) % len(nodes)
		n, w := nodes[k], twins[k]
		switch op := program[i] % 7; op {
		case 0: // a child; under an ended node it is the parent's
			if n.gone() {
				continue
			}
			kid := &Node{}
			newChild(kid, n, l.root, n)
			nodes, twins, causes = append(nodes, kid), append(twins, &naive{parent: w}), append(causes, causes[k])
		case 1, 4: // cancel a node that has not ended, on the loop or outside
			if n.gone() {
				continue
			}
			cause := errors.New("cause")
			w.cause = cause
			if op == 4 {
				offLoop()
			}
			n.Cancel(context.Canceled, cause)
			for j, other := range twins {
				if causes[j] == nil && under(other, w) {
					causes[j] = cause
				}
			}
		case 2: // end
			if k > 0 && !n.gone() {
				n.end()
				w.ended = true
			}
		case 3, 5: // request Done, on the loop or outside
			if op == 5 {
				offLoop()
			}
			requested[k] = n.Done()
		case 6:
			l.bridges.sweep()
		}
		for j, done := range requested { // before the loop takes its posts
			if causes[j] != nil != isClosed(done) {
				return fmt.Errorf("operation %d: Done of node %d is closed: %v, cause %v", i/2, j, isClosed(done), causes[j])
			}
		}
		if program[i] < 128 { // or later
			onLoop()
			l.takePosts()
		}
		onLoop()
	}
	l.takePosts()
	for j, n := range nodes {
		if got := context.Cause(n); got != causes[j] {
			return fmt.Errorf("node %d: cause %v, want %v", j, got, causes[j])
		}
		if isClosed(n.Done()) != (causes[j] != nil) {
			return fmt.Errorf("node %d: Done is closed: %v, cause %v", j, isClosed(n.Done()), causes[j])
		}
	}
	return nil
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func under(n, top *naive) bool {
	for ; n != nil; n = n.up() {
		if n == top {
			return true
		}
	}
	return false
}
