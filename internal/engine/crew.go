package engine

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// A Crew is what one call awaits together: tasks that the call started, under a
// node of its own, and cells that it was handed and only observes. Gather and
// Wait stand on it.
type Crew struct {
	caller  Caller
	node    Node
	members []*crewMember               // those observed
	enough  func(c *Crew, m *Cell) bool // whether the end of m suffices
	wait    WaitList
	inside  Extent // see Enter

	pending int // members not settled
	started int // of those, the ones started here
	over    bool
	first   *Cell // the member whose end sufficed before all had ended
	late    error // the caller's own error, if it was cancelled before that

	Partial bool // the call may return before all members have ended

	// For AsCompleted: the positions of members in the order in which they ended.
	Ordered bool
	order   []int
	given   int // of those, how many Next has returned
	next    int // position of the next member
}

// crewMember stands in the list of a cell that is only observed. What the crew
// started tells it of its end without: one word instead of seven.
type crewMember struct {
	Waiter
	crew *Crew
	cell *Cell
	pos  int
}

// NewCrew admits a call that awaits others together.
func NewCrew(ctx context.Context, enough func(c *Crew, m *Cell) bool) (*Crew, error) {
	caller, err := Enter(ctx)
	if err != nil {
		return nil, err
	}
	c := &Crew{caller: caller, enough: enough}
	own := NodeOf(ctx)
	newChild(&c.node, ctx, own.scope, caller.n)
	return c, nil
}

// Position is that of the member that is started or observed next.
func (c *Crew) Position() int { return c.next }

// Start creates a task of the crew, as its body knows.
func (c *Crew) Start(ctx context.Context, t *Task, body Body, created coro.Site) {
	SpawnUnder(ctx, &c.node, t, body, created)
	t.node.flags |= flagCrew
	c.started++
	c.pending++
	c.next++
}

// Observe adds a cell of this loop, the end of owner if that is a task. It
// returns an error if the crew would wait for the caller itself.
func (c *Crew) Observe(cell *Cell, owner *Task) error {
	if owner != nil && owner == c.caller.Task() && !c.Partial {
		return ringError(owner, owner)
	}
	c.observe(cell)
	return nil
}

func (c *Crew) observe(cell *Cell) {
	if cell.IsDone() {
		if c.Ordered {
			c.order = append(c.order, c.next)
		}
		c.next++
		if !c.over && c.enough(c, cell) {
			c.end(cell)
		}
		return
	}
	m := &crewMember{crew: c, cell: cell, pos: c.next}
	m.notify = m
	c.members = append(c.members, m)
	c.pending++
	c.next++
	cell.wait.Push(&m.Waiter)
}

func (m *crewMember) settled() { m.crew.ended(m.cell, m.pos, false) }

// ended is called when a member has ended.
func (c *Crew) ended(cell *Cell, pos int, started bool) {
	c.pending--
	if started {
		c.started--
	}
	if !c.over && c.enough(c, cell) {
		c.end(cell)
	}
	if c.Ordered {
		c.order = append(c.order, pos)
	}
	if c.Ordered || c.pending == 0 || c.over && c.started == 0 {
		c.wait.WakeAll()
	}
}

// end is the point from which the crew only waits for what it started.
func (c *Crew) end(first *Cell) {
	c.over, c.first, c.late = true, first, c.caller.Err()
	cause := context.Canceled
	if first.fail != nil {
		cause = first.fail.err
	}
	c.node.Cancel(context.Canceled, cause)
}

// Gather is await for calls that start what they await.
func (c *Crew) Gather() (first *Cell, err error) { return c.await(forGather) }

// Wait is Gather for calls that start nothing.
func (c *Crew) Wait() (first *Cell, err error) { return c.await(forWait) }

// await suspends the caller until every member has ended, or enough have, or the
// caller is cancelled, and what was started has ended in any case. It returns
// the member that was enough, if there was one, and the caller's own error.
func (c *Crew) await(why why) (first *Cell, err error) {
	caller := c.caller
	for c.pending > 0 && !(c.over && c.started == 0) {
		if !caller.Park(&c.wait, why) {
			err = caller.Err()
			caller = caller.Shielded()
			c.over = true
		}
	}
	c.Abort()
	return c.first, err
}

// Next suspends the caller until another member has ended and returns its
// position; -1 when there is none to wait for. A cancellation of the caller is
// kept in cancelled; what was started is waited for all the same.
func (c *Crew) Next(cancelled *error) int {
	for c.given == len(c.order) {
		if c.pending == 0 || c.over && c.started == 0 {
			return -1
		}
		if err := c.caller.Err(); err != nil {
			*cancelled, c.over = err, true
			c.caller = c.caller.Shielded()
			continue
		}
		c.caller.Park(&c.wait, forGather)
	}
	c.given++
	return c.order[c.given-1]
}

// Enter marks the calling task as inside of the crew: a Sequence that stands there
// belongs to that task.
func (c *Crew) Enter() { c.caller.Task().enter(&c.inside, nil) }

// Leave ends that.
func (c *Crew) Leave() { c.caller.Task().Leave(&c.inside) }

// Err returns the error of the caller's context.
func (c *Crew) Err() error { return c.caller.Err() }

// Late returns that error if it was there before the first member sufficed, though the
// caller may not have run since.
func (c *Crew) Late() error { return c.late }

// Stop cancels what was started, waits for it, and leaves the rest.
func (c *Crew) Stop() {
	c.over = true
	if c.started > 0 {
		c.node.Cancel(context.Canceled, context.Canceled)
	}
	for c.started > 0 {
		c.caller.Shielded().Park(&c.wait, forGather)
	}
	c.Abort()
}

// Abort leaves the members that are only observed. Nothing may be started.
func (c *Crew) Abort() {
	for _, m := range c.members {
		m.Remove()
	}
	c.node.end()
}
