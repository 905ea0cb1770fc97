package engine

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// A MultiAwait has the members that one call awaits together: tasks that the call has started under a
// node of its own, and completions that it was given and only observes. Gather, Wait and AsCompleted
// use it.
type MultiAwait struct {
	wait    WaitList // first: see multiAwaitOf
	caller  Caller
	node    Node
	members []*awaitMember                          // the observed ones
	enough  func(c *MultiAwait, m *Completion) bool // whether the end of m suffices
	inside  Extent                                  // see Enter

	pending int // members not settled
	started int // members of these that were started here
	over    bool
	first   *Completion // the member whose end was enough before all had ended
	late    error       // the error of the caller, if it was cancelled before that
	fails   []*failure  // of the members started here; the call receives them

	Partial bool // the call may return before all members have ended

	// For AsCompleted: the positions of members in the order in which they ended.
	Ordered bool
	order   []int
	given   int // number of these that Next has returned
	next    int // position of the next member
}

// An awaitMember is in the list of a completion that is only observed. A task that was started here has
// the pointer to the MultiAwait instead: one word instead of seven.
type awaitMember struct {
	Waiter
	multiAwait *MultiAwait
	completion *Completion
	pos        int32
	task       bool // completion is the end of a task
}

// NewMultiAwait admits a call that awaits several tasks or futures. See Enter.
func NewMultiAwait(ctx context.Context, enough func(c *MultiAwait, m *Completion) bool) (*MultiAwait, error) {
	caller, err := Enter(ctx)
	if err != nil {
		return nil, err
	}
	c := &MultiAwait{caller: caller, enough: enough}
	own := NodeOf(ctx)
	newChild(&c.node, ctx, own.scope, caller.n)
	return c, nil
}

// Position returns the position of the next member.
func (c *MultiAwait) Position() int { return c.next }

// Start creates a task of the multiAwait, as its body knows.
func (c *MultiAwait) Start(ctx context.Context, t *Task, body Body, created coro.Site) {
	SpawnUnder(ctx, &c.node, t, body, created)
	t.node.flags |= flagMultiAwait
	c.started++
	c.pending++
	c.next++
}

// Observe adds a completion of this loop, the end of a task or of a future.
func (c *MultiAwait) Observe(completion *Completion, task bool) {
	if completion.IsDone() {
		if c.Ordered {
			c.order = append(c.order, c.next)
		}
		c.next++
		if !c.over && c.enough(c, completion) {
			c.end(completion)
		}
		return
	}
	m := &awaitMember{multiAwait: c, completion: completion, pos: int32(c.next), task: task}
	m.notify = m
	c.members = append(c.members, m)
	c.pending++
	c.next++
	completion.wait.Push(&m.Waiter)
}

func (m *awaitMember) settled() { m.multiAwait.ended(m.completion, int(m.pos), false) }

// ended is called when a member has ended.
func (c *MultiAwait) ended(completion *Completion, pos int, started bool) {
	c.pending--
	if started {
		c.started--
		if f := completion.fail; f != nil && !f.cancelled {
			c.fails = append(c.fails, f)
		}
	}
	if !c.over && c.enough(c, completion) {
		c.end(completion)
	}
	if c.Ordered {
		c.order = append(c.order, pos)
	}
	switch {
	case c.Ordered || c.pending == 0 || c.over && c.started == 0:
		c.wait.WakeAll()
	case c.Partial && c.pending == 1: // the other waiters of completion are notified first
		c.caller.L.Soon(c.chosen)
	}
}

// chosen ends the wait for one of several members if only one is left and the wait for it closes a cycle.
func (c *MultiAwait) chosen() {
	if c.over || c.pending != 1 || !c.parked() {
		return
	}
	if t := c.caller.Task(); t.awaited() && c.caller.L.inCycle(t) {
		c.caller.L.endWait(c.caller.r, cycleError(t))
	}
}

// end begins the last phase, in which only the members that were started here are awaited.
func (c *MultiAwait) end(first *Completion) {
	c.over, c.first, c.late = true, first, c.caller.Err()
	cause := context.Canceled
	if first.fail != nil {
		cause = first.fail.err
	}
	c.node.Cancel(context.Canceled, cause)
}

// Gather is await for calls that start what they await.
func (c *MultiAwait) Gather() (first *Completion, err error) { return c.await(forGather) }

// Wait is Gather for calls that start nothing.
func (c *MultiAwait) Wait() (first *Completion, err error) { return c.await(forWait) }

// await suspends the caller until all or enough members have ended, or the wait fails. In every case it
// waits for the members that were started here. It returns the member that was enough, or nil, and the
// error of the wait.
func (c *MultiAwait) await(why why) (first *Completion, err error) {
	for c.pending > 0 && !(c.over && c.started == 0) {
		if e := c.park(why); e != nil {
			err = e
			c.fail(e)
		}
	}
	c.Abort()
	return c.first, err
}

// park suspends the caller until a member wakes it, or the wait fails by a cancellation or a deadlock.
// In the last phase a deadlock does not make it fail.
func (c *MultiAwait) park(why why) error {
	if c.over {
		c.caller.breakCycles(&c.wait, why)
	} else if err := c.caller.refuseCycle(&c.wait, why); err != nil {
		return err
	}
	if !c.caller.Park(&c.wait, why) {
		return c.caller.left()
	}
	return nil
}

// fail begins the last phase, and cancels the members that were started here.
func (c *MultiAwait) fail(err error) {
	if c.caller.Err() == nil { // a deadlock: nothing else cancels it
		c.node.Cancel(context.Canceled, err)
	}
	c.over, c.caller = true, c.caller.Shielded()
}

// Next suspends the caller until another member has ended, and returns its position. It returns -1 if
// there is none to wait for. It sets cancelled to the error of a cancellation of the caller, and still
// waits for the members that were started here.
func (c *MultiAwait) Next(cancelled *error) int {
	for c.given == len(c.order) {
		if c.pending == 0 || c.over && c.started == 0 {
			return -1
		}
		err := c.caller.Err()
		if err == nil {
			err = c.park(forGather)
		}
		if err != nil {
			*cancelled = err
			c.fail(err)
		}
	}
	c.given++
	return c.order[c.given-1]
}

// Enter opens the extent of the MultiAwait in the calling task: a Sequence that is suspended within it
// belongs to that task.
func (c *MultiAwait) Enter() { c.caller.Task().enter(&c.inside, nil) }

// Leave closes the extent.
func (c *MultiAwait) Leave() { c.caller.Task().Leave(&c.inside) }

// Err returns the error of the caller's context.
func (c *MultiAwait) Err() error { return c.caller.Err() }

// Late returns the error of the caller if it was cancelled before the first member was enough. The
// caller may not have run since then.
func (c *MultiAwait) Late() error { return c.late }

// Stop cancels and awaits the members that were started here, and leaves the others.
func (c *MultiAwait) Stop() {
	c.over = true
	if c.started > 0 {
		c.node.Cancel(context.Canceled, context.Canceled)
	}
	c.caller = c.caller.Shielded()
	for c.started > 0 {
		c.park(forGather)
	}
	c.Abort()
}

// Abort leaves the observed members, whose errors count as received. No member that was started here
// may be left.
func (c *MultiAwait) Abort() {
	for _, f := range c.fails {
		f.receive(c.caller.L)
	}
	for _, m := range c.members {
		m.Remove()
	}
	c.node.end()
}
