package engine

import "slices"

// cycles prints the wait cycles that no call has refused. They go through a wait for one
// of several tasks, such as AsCompleted, where each of the several leads back. A task that
// only waits for a cycle is not named.
func (d *dump) cycles() {
	waits := d.stuck()
	done := map[*Task]bool{}
	for _, t := range d.tasks {
		var path []*Task
		for waits[t] != nil && !done[t] {
			done[t] = true
			path = append(path, t)
			t = waits[t].targets[slices.IndexFunc(waits[t].targets, func(t *Task) bool { return waits[t] != nil })]
		}
		if i := slices.Index(path, t); i >= 0 {
			d.b.WriteString("  wait cycle: " + inWords(path[i:]) + "\n")
		}
	}
}

// A dumpWait is the wait of a task for other tasks.
type dumpWait struct {
	targets []*Task
	needed  int // how many of the targets must go on, before this one can
}

// stuck returns the waits that cannot end, whatever the other tasks do.
func (d *dump) stuck() map[*Task]*dumpWait {
	waits, choice := d.waits()
	if !choice {
		return nil // all others were looked at when they began
	}
	waiters := map[*Task][]*Task{}
	var free []*Task
	for _, t := range d.tasks {
		switch w := waits[t]; {
		case w == nil:
			free = append(free, t)
		case w.needed <= 0:
			delete(waits, t)
			free = append(free, t)
		default:
			for _, target := range w.targets {
				waiters[target] = append(waiters[target], t)
			}
		}
	}
	for len(free) > 0 {
		t := free[0]
		free = free[1:]
		for _, w := range waiters[t] {
			if wait := waits[w]; wait != nil {
				if wait.needed--; wait.needed == 0 {
					delete(waits, w)
					free = append(free, w)
				}
			}
		}
	}
	return waits
}

// waits lists the waits for other tasks. choice reports whether one of them is for one of
// several.
func (d *dump) waits() (waits map[*Task]*dumpWait, choice bool) {
	waits = map[*Task]*dumpWait{}
	started, owned := map[*MultiAwait][]*Task{}, map[*Scope][]*Task{}
	for _, t := range d.tasks {
		for s := t.node.scope; s != nil; s = s.above() {
			owned[s] = append(owned[s], t)
		}
		if t.node.flags&flagMultiAwait != 0 {
			multiAwait, _ := t.body.MultiAwait()
			started[multiAwait] = append(started[multiAwait], t)
		}
	}
	for _, t := range d.tasks {
		if !t.blocked() {
			continue
		}
		w := &dumpWait{}
		waits[t] = w
		switch t.r.why {
		case forGroup:
			w.targets = owned[scopeOf(t.r.w.list)]
		case forGather, forWait:
			c := multiAwaitOf(t.r.w.list)
			w.targets = started[c]
			if !c.over {
				for _, m := range c.members {
					if m.task && m.Waiting() {
						w.targets = append(w.targets, taskOf(&m.completion.wait))
					}
				}
			}
			if !c.over && !c.needsAll() {
				choice = true
				w.needed = 1
				if len(w.targets) < c.pending { // a future may be set
					w.needed = 0
				}
				continue
			}
		default:
			t.targets(func(target *Task) bool { w.targets = append(w.targets, target); return true })
		}
		w.needed = len(w.targets)
	}
	return waits, choice
}
