package engine

import (
	"context"
	"errors"
)

// A Scope owns tasks and outlives them: Run has one, and each task group.
// Owned by the loop.
type Scope struct {
	wait  WaitList // first: see scopeOf; wakes when live becomes 0
	loop  *Loop
	node  *Node // cancels what the scope owns, but for what was shielded
	owner *Task // whose body opened the group; nil: Run, or nobody's body
	live  int   // tasks that have not ended
	ended bool
	group bool
	cut   bool        // of a group: a child ended cancelled
	errs  []error     // of a group: what its children and its body returned, in order
	body  Extent      // of a group
	told  func(error) // of an open scope: hears of what its children returned

	open   *Group   // the Group that it is; nil: none
	groups WaitList // the Groups opened in it, notified at its end
}

// ScopeOf returns the scope of a context of a loop.
func ScopeOf(ctx context.Context) *Scope { return NodeOf(ctx).scope }

// Detached returns a context with the values of ctx, whose own node is own, that
// belongs to Run's scope and is never cancelled: a node without a parent. The tasks
// made with it are cancelled by handle at the end of Run. From any goroutine.
func Detached(ctx context.Context, own *Node) *Node {
	n := &Node{}
	newChild(n, ctx, own.scope.loop.root, nil)
	return n
}

// Within reports whether the running task belongs to s, or to a group inside of it.
func (c Caller) Within(s *Scope) bool {
	for t := c.Task(); t != nil; t = t.node.scope.owner {
		if t.node.scope == s {
			return true
		}
	}
	return false
}

// childFailed hears of a task of the scope that ended with an error that is
// not its own cancellation.
func (s *Scope) childFailed(t *Task) {
	switch {
	case t.node.flags&(flagQuiet|flagMain) != 0:
		return
	case s.group && s.open == nil:
		s.fail(t.cell.fail.err)
	case s.told != nil:
		s.told(t.cell.fail.err)
	default:
		t.cell.fail = s.loop.newFailure(&t.cell, t, t.cell.fail.err, t.Name())
		s.loop.failures.add(t.cell.fail)
		if s.open != nil {
			s.open.failed = append(s.open.failed, t)
			s.fail(t.cell.fail.err)
		}
	}
}

// fail keeps a group's error; the first cancels the siblings and the body.
func (s *Scope) fail(err error) {
	s.errs = append(s.errs, err)
	if len(s.errs) == 1 {
		s.node.Cancel(context.Canceled, err)
	}
}

// RunGroup runs body in the calling task, with a context whose scope is a new
// group, and returns when body and every task of the group have ended. The
// error is all of theirs, joined, first the one that came first.
func RunGroup(ctx context.Context, body func(ctx context.Context) error) (err error) {
	caller, err := Enter(ctx)
	if err != nil {
		return err
	}
	l := caller.L
	s := &Scope{loop: l, node: &Node{}, owner: caller.Task(), group: true}
	newChild(s.node, ctx, s, caller.n)

	// A body that leaves by panic or Goexit takes its children along. The panic
	// is printed before they are waited for, who might never end.
	s.owner.enter(&s.body, s.node)
	returned := false
	defer func() {
		if returned {
			return
		}
		s.owner.Leave(&s.body)
		v := recover()
		if v != nil {
			v = l.printPanic(caller.Task(), v)
		}
		s.node.Cancel(context.Canceled, errBodyLeft)
		s.drain(caller)
		if v != nil {
			panic(v)
		}
	}()
	err = body(s.node)
	returned = true
	s.owner.Leave(&s.body)

	bodyCut := err != nil && s.node.reason(l).explains(err)
	if err != nil && !bodyCut {
		s.fail(err)
	}
	s.drain(caller)
	switch {
	case len(s.errs) > 0:
		return errors.Join(s.errs...)
	case bodyCut:
		return err
	case s.cut:
		return caller.Err() // nil if it was only by handle that children were cancelled
	}
	return nil
}

var errBodyLeft = errors.New("asyncio: the body of the task group panicked or exited")

// drain waits until no task of the group is left, whatever happens to the
// caller, and ends the scope.
func (s *Scope) drain(caller Caller) {
	for s.live > 0 {
		if caller.Err() != nil {
			caller.n = nil // the children have been told: now only wait
		}
		caller.breakCycles(&s.wait, forGroup)
		caller.Park(&s.wait, forGroup)
	}
	s.endScope()
}

// endScope ends a scope, in which no task is left, and cancels its context: std
// contexts and whatever else was made with it end, too.
func (s *Scope) endScope() {
	s.groups.WakeAll()
	s.ended = true
	s.node.cancel(scopeEnded)
	s.node.end()
}

// scopeEnded is shared: to end a group allocates nothing.
var scopeEnded = &cancelState{err: context.Canceled, cause: ErrScopeEnded}

// OpenScope makes a scope under ctx that no body holds open, for what is served by
// callbacks: it lasts until Close. An error of one of its tasks ends nothing: told
// hears of it, which does bookkeeping only. On the loop only.
func OpenScope(ctx context.Context, told func(error)) *Scope {
	own := NodeOf(ctx)
	l := own.scope.loop
	s := &Scope{loop: l, node: &Node{}, told: told}
	newChild(s.node, ctx, s, l.carrier(ctx, own))
	return s
}

// Context returns the scope's context.
func (s *Scope) Context() context.Context { return s.node }

// Close cancels an open scope with the cause. It has empty called, on the loop, when
// no task of it is left, which may be at once; from then on it refuses tasks.
func (s *Scope) Close(cause error, empty func()) {
	s.node.Cancel(context.Canceled, cause)
	over := func() {
		s.endScope()
		empty()
	}
	if s.live == 0 {
		over()
		return
	}
	s.wait.Push(&Waiter{notify: notifyFunc(over)})
}
