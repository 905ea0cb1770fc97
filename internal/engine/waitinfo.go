package engine

import (
	"slices"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// A waitInfo describes why a task is waiting.
type waitInfo struct {
	started bool
	list    *WaitList // the list that contains the task; nil: none
	holder  *Task     // of the lock that it waits for; nil: unknown
	why     why
	parked  bool
	g       uint64 // number of the goroutine that runs it; 0: none or unknown
}

// waitInfo reads fields that the loop owns. If the loop is blocked, other goroutines may call it
// too. A step may change the fields at the same time: each is one word, with its old or new value.
//
//go:norace
func (t *Task) waitInfo() waitInfo {
	r := t.r
	if r == nil {
		return waitInfo{}
	}
	list := r.w.list
	return waitInfo{started: true, list: list, why: r.why, parked: list != nil || r.timer.Armed(), g: coro.NumberOf(r.g.Load())}
}

// waitInfo returns the waitInfo of t. On the loop it includes the holder of the lock.
func (d *dump) waitInfo(t *Task) waitInfo {
	p := t.waitInfo()
	if d.inside && p.list != nil && (p.why == forLock || p.why == forLockAgain) {
		if h := lockOf(p.list).holder; h != nil {
			p.holder = h.task.Load()
		}
	}
	return p
}

// awaited returns the task that a task awaits; nil: none. It compares addresses only, as the list may
// have changed if the caller is not on the loop.
func (d *dump) awaited(p waitInfo) *Task {
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

// Live returns the running loops. It can be called from any goroutine.
func Live() []*Loop {
	loops.Lock()
	defer loops.Unlock()
	return slices.Clone(loops.running)
}
