package engine

import (
	"fmt"
	"slices"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// A plight is what a task that does not run is there for.
type plight struct {
	started bool
	on      *Task // that it awaits
	holder  *Task // of the lock that it waits for; nil if it is not known
	why     why
	parked  bool
	g       uint64 // number of the goroutine that runs it; 0: none, or it is not known
}

// plight reads what belongs to the loop. Of a blocked loop others may read it too:
// words that a step may be changing, each as it was before or after. The race
// detector is told so.
//
//go:norace
func (t *Task) plight() plight {
	r := t.r
	if r == nil {
		return plight{}
	}
	return plight{started: true, on: r.on, why: r.why, parked: r.w.list != nil || r.timer.armed != 0, g: coro.NumberOf(r.g.Load())}
}

// plight is that of the task, with what only the loop itself may read.
func (d *dump) plight(t *Task) plight {
	p := t.plight()
	if d.inside && p.started {
		p.holder = t.r.holderOf()
	}
	return p
}

// cycles prints who waits for whom in a ring: a task for one that it awaits, or that
// holds the lock it waits for, and the owner of a task group for the tasks of it. Awaits
// in a ring are refused when it is closed, if it is short; a child that awaits its
// group's owner is not, nor is a ring of locks.
func (d *dump) cycles(byScope map[*Scope][]*Task, groups map[*Task][]*Scope) {
	done, on := map[*Task]bool{}, map[*Task]bool{} // visited before, and on the path
	var path []*Task
	var visit func(t *Task)
	visit = func(t *Task) {
		switch {
		case on[t]:
			d.cycle(path[slices.Index(path, t):])
			return
		case done[t]:
			return
		}
		path, on[t] = append(path, t), true
		switch p := d.plight(t); {
		case p.on != nil:
			visit(p.on)
		case p.holder != nil && !p.holder.cell.IsDone():
			visit(p.holder)
		case p.parked && p.why == forGroup:
			for _, s := range groups[t] {
				for _, child := range byScope[s] {
					visit(child)
				}
			}
		}
		path, on[t], done[t] = path[:len(path)-1], false, true
	}
	for _, t := range d.tasks {
		visit(t)
	}
}

func (d *dump) cycle(tasks []*Task) {
	d.b.WriteString("  wait cycle: ")
	for _, t := range tasks {
		fmt.Fprintf(&d.b, "#%d %s -> ", t.id, quote(t.Name()))
	}
	fmt.Fprintf(&d.b, "#%d %s\n", tasks[0].id, quote(tasks[0].Name()))
}

// Live returns the loops that run. From any goroutine.
func Live() []*Loop {
	loops.Lock()
	defer loops.Unlock()
	return slices.Clone(loops.running)
}
