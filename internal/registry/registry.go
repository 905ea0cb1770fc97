// Package registry has a set of pointers that one goroutine changes and any goroutine lists.
package registry

import "sync/atomic"

// A Registry is a set of pointers. One owner calls Add and Remove. Any goroutine may call At and
// All, and no call waits: the slots are atomic pointers in chunks that do not move. The zero value is
// empty.
type Registry[T any] struct {
	chunks atomic.Pointer[[]*chunk[T]]
	free   []int32 // unused slots below used
	used   int32
}

const chunkLen = 512

type chunk[T any] [chunkLen]atomic.Pointer[T]

// Add adds v and returns its slot.
func (g *Registry[T]) Add(v *T) (slot int32) {
	if k := len(g.free); k > 0 {
		slot = g.free[k-1]
		g.free = g.free[:k-1]
	} else {
		slot = g.used
		g.used++
		if slot%chunkLen == 0 {
			g.grow()
		}
	}
	g.at(slot).Store(v)
	return slot
}

func (g *Registry[T]) at(slot int32) *atomic.Pointer[T] {
	return &(*g.chunks.Load())[slot/chunkLen][slot%chunkLen]
}

// grow publishes a longer table of chunks. The capacity of the table doubles, so the cost of a
// chunk is constant.
func (g *Registry[T]) grow() {
	var chunks []*chunk[T]
	if p := g.chunks.Load(); p != nil {
		chunks = *p
	}
	longer := append(chunks, new(chunk[T])) // readers have the shorter slice
	g.chunks.Store(&longer)
}

// Remove empties a slot that Add returned. A later Add may return it again.
func (g *Registry[T]) Remove(slot int32) {
	g.at(slot).Store(nil)
	g.free = append(g.free, slot)
}

// At returns the element in a slot that Add has returned. It returns nil after Remove.
func (g *Registry[T]) At(slot int32) *T { return g.at(slot).Load() }

// All returns the elements in unspecified order.
func (g *Registry[T]) All() []*T {
	var all []*T
	if p := g.chunks.Load(); p != nil {
		for _, chunk := range *p {
			for i := range chunk {
				if v := chunk[i].Load(); v != nil {
					all = append(all, v)
				}
			}
		}
	}
	return all
}
