package engine

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// registry is the list of the loop's tasks. The loop writes, anybody reads, and
// nobody waits: the slots are atomic pointers in chunks that never move.
type registry struct {
	chunks atomic.Pointer[[]*registryChunk]
	free   []int32 // owned by the loop
	used   int32   // slots ever used; owned by the loop
}

const registryChunkLen = 512

type registryChunk [registryChunkLen]atomic.Pointer[Task]

func (g *registry) add(t *Task) {
	var slot int32
	if k := len(g.free); k > 0 {
		slot = g.free[k-1]
		g.free = g.free[:k-1]
	} else {
		slot = g.used
		g.used++
		if slot%registryChunkLen == 0 {
			g.grow()
		}
	}
	t.node.slot = slot
	(*g.chunks.Load())[slot/registryChunkLen][slot%registryChunkLen].Store(t)
}

// grow publishes a longer table of the same chunks and one more. The table's
// room is doubled, so that growing costs a constant per task.
func (g *registry) grow() {
	var chunks []*registryChunk
	if p := g.chunks.Load(); p != nil {
		chunks = *p
	}
	longer := append(chunks, new(registryChunk)) // readers hold the shorter slice
	g.chunks.Store(&longer)
}

func (g *registry) remove(t *Task) {
	(*g.chunks.Load())[t.node.slot/registryChunkLen][t.node.slot%registryChunkLen].Store(nil)
	g.free = append(g.free, t.node.slot)
}

// taskOf returns the task whose node n is, nil if it is not that of a task of the list.
func (g *registry) taskOf(n *Node) *Task {
	t := (*g.chunks.Load())[n.slot/registryChunkLen][n.slot%registryChunkLen].Load()
	if t == nil || &t.node != n {
		return nil
	}
	return t
}

// all returns the tasks that have not ended, in order of creation.
func (g *registry) all() []*Task {
	var tasks []*Task
	if p := g.chunks.Load(); p != nil {
		for _, chunk := range *p {
			for i := range chunk {
				if t := chunk[i].Load(); t != nil {
					tasks = append(tasks, t)
				}
			}
		}
	}
	slices.SortFunc(tasks, func(a, b *Task) int { return cmp.Compare(a.id, b.id) })
	return tasks
}
