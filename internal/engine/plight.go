package engine

import (
	"slices"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// A plight is what a task that does not run is there for.
type plight struct {
	started bool
	list    *WaitList // in which it stands, if it does
	holder  *Task     // of the lock that it waits for; nil if it is not known
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
	list := r.w.list
	return plight{started: true, list: list, why: r.why, parked: list != nil || r.timer.Armed(), g: coro.NumberOf(r.g.Load())}
}

// plight is that of the task, with what only the loop itself may read.
func (d *dump) plight(t *Task) plight {
	p := t.plight()
	if d.inside && p.list != nil && (p.why == forLock || p.why == forLockAgain) {
		if h := lockOf(p.list).holder; h != nil {
			p.holder = h.task.Load()
		}
	}
	return p
}

// awaited returns the task that a task awaits, nil if it awaits none. It compares
// addresses: from outside, the list may not be what it was.
func (d *dump) awaited(p plight) *Task {
	if p.why != forAwait || p.list == nil {
		return nil
	}
	if d.ends == nil {
		d.ends = make(map[*WaitList]*Task, len(d.tasks))
		for _, t := range d.tasks {
			d.ends[&t.completion.wait] = t
		}
	}
	return d.ends[p.list]
}

// Live returns the loops that run. From any goroutine.
func Live() []*Loop {
	loops.Lock()
	defer loops.Unlock()
	return slices.Clone(loops.running)
}
