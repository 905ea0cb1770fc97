package engine

import (
	"fmt"
	"math"
	"strings"
)

// This file looks for wait cycles: tasks each of which waits for the next, and the last for
// the first (S24). waitgraph.go defines the edges.
//
// Invariant: there is no cycle. Only a wait that begins can close one, so the search runs
// there. (A wait for one of several begins when one is left: see MultiAwait.chosen.) A wait that
// closes a cycle returns ErrDeadlock. One that cannot be refused, such as that for the tasks of
// a group, ends a wait of another task instead.
//
// A cancelled wait ends in the next turn, so it is no edge of a cycle, even if the loop has not
// woken its task yet. If the task then waits again, that is a new wait.

// A deadlockError is ErrDeadlock with a description.
type deadlockError struct{ what string }

func (e *deadlockError) Error() string        { return "asyncio: deadlock: " + e.what }
func (e *deadlockError) Is(target error) bool { return target == ErrDeadlock }

// refuseCycle returns ErrDeadlock if the caller's wait in q, which is about to begin, closes
// a cycle.
func (c Caller) refuseCycle(q *WaitList, why why) error {
	t := c.enqueue(q, why)
	defer c.r.dequeue()
	if t.awaited() && c.L.inCycle(t) {
		return cycleError(t)
	}
	return nil
}

// breakCycles ends waits of other tasks until the caller's wait in q, which is about to
// begin, closes no cycle. It returns ErrDeadlock where only the caller's own wait can end.
func (c Caller) breakCycles(q *WaitList, why why) error {
	t := c.enqueue(q, why)
	defer c.r.dequeue()
	for _, last := range []bool{false, true} {
		switch {
		case !t.awaited() || !c.L.inCycle(t):
			return nil
		case c.r.refusable(last):
			return cycleError(t)
		}
		c.L.breakWaits(t, last)
	}
	return nil
}

// enqueue puts the caller into q for the search, as if it waited there.
func (c Caller) enqueue(q *WaitList, why why) *Task {
	c.r.why = why
	q.Push(&c.r.w)
	return c.Task()
}

func (r *runner) dequeue() {
	r.w.Remove()
	r.why = forNothing
}

// breakWaits ends the refusable waits that lead back to t, of tasks that t waits for
// through waits that are not refusable. Of two in a row it ends the one nearer to t.
func (l *Loop) breakWaits(t *Task, last bool) {
	var found []*Task
	new(search).run(t, backwards, math.MaxInt, func(w *Task) visitResult {
		if w != t && w.r.refusable(last) && mustWaitFor(t, w, last) {
			found = append(found, w)
			return skip
		}
		return expand
	})
	errs := make([]error, len(found))
	for i, w := range found { // while all of them wait
		errs[i] = cycleError(w)
	}
	for i, w := range found {
		l.endWait(w.r, errs[i])
	}
}

// mustWaitFor reports whether t waits for w through waits that are not refusable.
func mustWaitFor(t, w *Task, last bool) bool {
	found, _ := new(search).run(w, backwards, math.MaxInt, func(v *Task) visitResult {
		switch {
		case v.r.refusable(last):
			return skip
		case v == t:
			return stop
		}
		return expand
	})
	return found
}

// endWait ends the wait of r's task with the error, which left returns.
func (l *Loop) endWait(r *runner, err error) {
	if l.deadlocks == nil {
		l.deadlocks = map[*runner]error{}
	}
	l.deadlocks[r] = err
	l.wake(r, wokenByDeadlock)
}

// left returns why the caller's wait has ended without what it waited for.
func (c Caller) left() error {
	if c.r.woken != wokenByDeadlock {
		return c.Err()
	}
	err := c.L.deadlocks[c.r]
	delete(c.L.deadlocks, c.r)
	return err
}

// inCycle reports whether t waits for itself through others. It looks at the tasks that
// wait for t and at those that t waits for, with growing effort: one of the two searches
// mostly ends soon, and the other one need not. It checks which waits are cancelled only if
// there is a cycle that includes cancelled waits.
func (l *Loop) inCycle(t *Task) bool {
	defer l.search.reset()
	l.search.all = true
	if !l.leadsBack(t) {
		return false
	}
	l.search.all = false
	return l.leadsBack(t)
}

func (l *Loop) leadsBack(t *Task) bool {
	for effort := 16; ; effort *= 4 {
		for _, way := range [...]direction{backwards, forwards} {
			if found, over := l.search.run(t, way, effort, isIt(t)); over {
				return found
			}
		}
	}
}

func isIt(t *Task) func(*Task) visitResult {
	return func(other *Task) visitResult {
		if other == t {
			return stop
		}
		return expand
	}
}

// cycleOf returns the shortest cycle that t is in, each task before the one it waits for.
func cycleOf(t *Task) []*Task {
	var s search
	if found, _ := s.run(t, backwards, math.MaxInt, isIt(t)); !found { // a deadline has passed since inCycle
		s.all = true
		s.run(t, backwards, math.MaxInt, isIt(t))
	}
	cycle := []*Task{t}
	for i := s.from[len(s.from)-1]; i > 0; i = s.from[i] {
		cycle = append(cycle, s.tasks[i])
	}
	return cycle
}

// cycleError names the cycle that t is in.
func cycleError(t *Task) error {
	cycle := cycleOf(t)
	what := inWords(cycle)
	if r := t.r; len(cycle) == 1 && (r.why == forLock || r.why == forLockAgain) {
		what += "; a Lock is not re-entrant: release it before Lock.Acquire, or use TryAcquire"
	}
	return &deadlockError{what}
}

// inWords describes a cycle. Of a long one it leaves out the middle.
func inWords(cycle []*Task) string {
	var b strings.Builder
	for i := 0; i < len(cycle); i++ {
		switch skipped := len(cycle) - maxInWords; {
		case i == 0:
			fmt.Fprintf(&b, "task %s ", quote(cycle[0].Name()))
		case i == maxInWords/2 && skipped > 0:
			i += skipped
			fmt.Fprintf(&b, ", which waits through %d more tasks for task %s, which ", skipped, quote(cycle[i].Name()))
		default:
			b.WriteString(", which ")
		}
		b.WriteString(cycle[i].r.waitsFor())
		if len(cycle) == 1 {
			b.WriteString("itself")
		} else {
			b.WriteString("task " + quote(cycle[(i+1)%len(cycle)].Name()))
		}
	}
	return b.String()
}

const maxInWords = 64

// A search visits tasks breadth first, each once. The zero value is ready.
type search struct {
	tasks []*Task // the first is where it began; it may come again
	from  []int   // the place of the task from which this one was found; negative: see skip
	seen  map[*Task]struct{}
	all   bool // include cancelled waits
}

type direction bool

const (
	forwards  direction = false // to the tasks that a task waits for
	backwards direction = true  // to the tasks that wait for it
)

// A visitResult selects what a search does with a task that it has found.
type visitResult uint8

const (
	expand visitResult = iota // search its neighbours too
	skip                      // do not
	stop                      // end the search
)

// run begins at start and calls look for each task that it finds. found reports whether look returned
// stop. over reports whether the search is complete: the effort sufficed, and all targets of each
// task could be listed.
func (s *search) run(start *Task, way direction, effort int, look func(*Task) visitResult) (found, over bool) {
	s.reset()
	s.tasks, s.from = append(s.tasks, start), append(s.from, 0)
	over = true
	for i := 0; i < len(s.tasks); i++ {
		if i > 0 && s.from[i] < 0 {
			continue
		}
		whole := s.tasks[i].neighbours(way, func(t *Task) bool {
			effort--
			if (s.all || !t.leaving()) && s.add(t) {
				s.from = append(s.from, i)
				switch look(t) {
				case stop:
					found = true
					return false
				case skip:
					s.from[len(s.from)-1] = -1
				}
			}
			return effort > 0
		})
		if effort--; found || effort <= 0 {
			return found, found
		}
		over = over && whole
	}
	return false, over
}

// add adds t unless it was found before.
func (s *search) add(t *Task) bool {
	if s.seen == nil {
		for _, other := range s.tasks[1:] {
			if other == t {
				return false
			}
		}
		if len(s.tasks) > fewTasks {
			s.seen = make(map[*Task]struct{}, 2*len(s.tasks))
			for _, other := range s.tasks[1:] {
				s.seen[other] = struct{}{}
			}
		}
	} else if _, ok := s.seen[t]; ok {
		return false
	}
	if s.seen != nil {
		s.seen[t] = struct{}{}
	}
	s.tasks = append(s.tasks, t)
	return true
}

const fewTasks = 16 // are compared one by one

// reset removes the results, and keeps the memory of a small search.
func (s *search) reset() {
	clear(s.tasks)
	s.tasks, s.from, s.seen = s.tasks[:0], s.from[:0], nil
	if cap(s.tasks) > maxRoom {
		s.tasks, s.from = nil, nil
	}
}

const maxRoom = 1024
