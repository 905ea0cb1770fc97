package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// A Group is a task group without a body: it is open until Close, or until its owner
// ends. Its tasks count as live in its owner too, and in that one's owner if it is
// another Group. So the owner waits for them, and a Group is empty when it is notified
// that its owner has ended.
//
//	open --Close--> closing --no task is left--> ended
//	open --the owner has ended--> ended
//
// Owned by the loop.
type Group struct {
	Scope
	listed  Waiter // in outer.groups, until Close has returned the errors
	closing bool
	warned  bool       // Added has logged a warning
	owed    []*failure // errors that Close has not returned; the owner gets them at its end
}

var errGroupClosed = errors.New("asyncio: the group was closed")

// OpenGroup opens a group in the scope of ctx, whose own node is own. On the loop only.
func OpenGroup(ctx context.Context, own *Node) *Group {
	l := own.scope.loop
	g := &Group{Scope: Scope{loop: l, node: &Node{}, outer: own.scope, group: true}}
	g.open, g.listed.notify = g, g
	newChild(g.node, ctx, &g.Scope, l.carrier(ctx, own))
	if g.outer.ended {
		g.end()
		return g
	}
	g.outer.groups.Push(&g.listed)
	return g
}

// Node returns the group's context.
func (g *Group) Node() *Node { return g.node }

// Len returns the number of tasks that have not ended, including those of groups opened in g.
func (g *Group) Len() int { return g.live }

// Added is called with each task that Group.Go adds. If the group has failed the task never
// starts, and the caller may ignore its error. So Added logs the first such task.
func (g *Group) Added(t *Task) {
	if len(g.fails) == 0 || g.closing || g.warned {
		return
	}
	g.warned = true
	g.loop.log(slog.LevelWarn, "asyncio: Group.Go: the group has failed and starts no more tasks; call Close and open another group",
		"task", t.Name(), "created", t.Created(), "failure", g.fails[0].err)
}

// counts adds n to the live tasks of the owners.
func (g *Group) counts(n int) {
	for s := g.outer; ; s = s.open.outer {
		s.live += n
		if s.live == 0 {
			s.wait.WakeAll()
		}
		if s.open == nil {
			return
		}
		s.open.emptied()
	}
}

// emptied ends a group that is being closed, if no task of it is left.
func (g *Group) emptied() {
	if g.closing && g.live == 0 && !g.ended {
		g.end()
	}
}

func (g *Group) end() {
	g.endScope()
	if len(g.owed) == 0 {
		g.listed.Remove()
	}
}

// settled is called when the owner ends, and passes the errors to it: a group returns them,
// a connection's scope is notified, and Run already has them in its list.
func (g *Group) settled() {
	if !g.ended {
		g.end()
	}
	for _, f := range g.owed {
		switch {
		case g.outer.open != nil:
			g.outer.open.owed = append(g.outer.open.owed, f)
			g.outer.fail(f)
		case g.outer.group:
			g.outer.fail(f)
		case g.outer.onError != nil && f.receive(g.loop):
			g.outer.onError(f.err)
		}
	}
	g.owed = nil
}

// Close cancels the group's tasks, also if ctx is cancelled. It waits for them until ctx is cancelled,
// and returns all errors, joined.
func (g *Group) Close(ctx context.Context) error {
	caller, err := Enter(context.WithoutCancel(ctx))
	switch {
	case err != nil:
		return err
	case caller.L != g.loop:
		return Refuse(ErrWrongLoop, whatOtherBinding)
	}
	if t := caller.Task(); g.contains(t) {
		return Misuse(ErrDeadlock, "Group.Close", fmt.Sprintf("task %q is one of the group, and would wait for itself; call Close in another task", t.Name()))
	}
	g.closing = true
	g.node.Cancel(context.Canceled, errGroupClosed)
	g.emptied()
	if caller, err = Enter(ctx); err != nil {
		return err
	}
	for !g.ended {
		if err := caller.refuseCycle(&g.wait, forGroup); err != nil {
			return err
		}
		if !caller.Park(&g.wait, forGroup) {
			return caller.left()
		}
	}
	g.owed = nil
	g.listed.Remove()
	return g.take()
}

// contains reports whether g waits for t.
func (g *Group) contains(t *Task) bool {
	for s := t.node.scope; s != &g.Scope; {
		switch {
		case s.open != nil:
			s = s.open.outer
		case s.owner != nil:
			s = s.owner.node.scope
		default:
			return false
		}
	}
	return true
}
