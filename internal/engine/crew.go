package engine

import "context"

// A Crew is what one call awaits together: tasks that the call started, under a
// node of its own, and cells that it was handed and only observes. Gather and
// Wait stand on it.
type Crew struct {
	caller  Caller
	node    Node
	members []crewMember
	enough  func(c *Crew, m *Cell) bool // whether the end of m suffices
	wait    WaitList

	pending int // members not settled
	started int // of those, the ones started here
	over    bool
	first   *Cell // the member whose end sufficed before all had ended
}

type crewMember struct {
	Waiter
	crew    *Crew
	cell    *Cell
	started bool
}

// NewCrew admits a call that awaits n members.
func NewCrew(ctx context.Context, n int, enough func(c *Crew, m *Cell) bool) (*Crew, error) {
	caller, err := Enter(ctx)
	if err != nil {
		return nil, err
	}
	c := &Crew{caller: caller, members: make([]crewMember, 0, n), enough: enough}
	own := NodeOf(ctx)
	newChild(&c.node, ctx, own.scope, caller.n)
	return c, nil
}

// Start creates a task of the crew.
func (c *Crew) Start(ctx context.Context, t *Task, body Body, created uintptr) {
	SpawnUnder(ctx, &c.node, t, body, created)
	c.started++
	c.add(&t.cell, true)
}

// Observe adds a cell of this loop that is not settled by the crew's end.
func (c *Crew) Observe(cell *Cell) {
	if cell.IsDone() {
		if !c.over && c.enough(c, cell) {
			c.end(cell)
		}
		return
	}
	c.add(cell, false)
}

func (c *Crew) add(cell *Cell, started bool) {
	c.pending++
	c.members = append(c.members, crewMember{crew: c, cell: cell, started: started})
	m := &c.members[len(c.members)-1]
	m.notify = m
	cell.wait.Push(&m.Waiter)
}

// settled is called when a member has ended.
func (m *crewMember) settled() {
	c := m.crew
	c.pending--
	if m.started {
		c.started--
	}
	if !c.over && c.enough(c, m.cell) {
		c.end(m.cell)
	}
	if c.pending == 0 || c.over && c.started == 0 {
		c.wait.wakeAll()
	}
}

// end is the point from which the crew only waits for what it started.
func (c *Crew) end(first *Cell) {
	c.over, c.first = true, first
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

// Abort leaves the members that are only observed. Nothing may be started.
func (c *Crew) Abort() {
	for i := range c.members {
		c.members[i].Remove()
	}
	c.node.end()
}
