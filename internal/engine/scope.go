package engine

import (
	"context"
	"errors"
)

// A Scope owns tasks and outlives them: Run has one, and each task group.
// Owned by the loop.
type Scope struct {
	wait       WaitList // first: see scopeOf; wakes when live becomes 0
	loop       *Loop
	node       *Node // cancels the tasks of the scope, except shielded ones
	shieldRoot *Node // parent of shielded nodes, cancelled at the end of the scope; made on first use
	owner      *Task // the task whose body opened the group; nil: no task, as for Run
	live       int   // tasks that have not ended
	ended      bool
	group      bool
	cut        bool        // of a group: a child ended cancelled
	body       Extent      // of a group
	outer      *Scope      // in which the scope was opened; nil: Run's
	fails      []*failure  // of a group: of its children and its body, in order
	onError    func(error) // of an open scope: called with the errors of its children

	open   *Group   // the Group that it is; nil: none
	groups WaitList // the Groups opened in it, notified at its end
}

// ScopeOf returns the scope of a context of a loop.
func ScopeOf(ctx context.Context) *Scope { return NodeOf(ctx).scope }

// Detached returns a context with the values of ctx, whose own node is own, that
// belongs to Run's scope. Only the end of Run cancels it. The handles of its tasks can cancel them
// before that. Detached can be called from any goroutine.
//
// Its node has ended already, and the root's shieldRoot replaces it. So an open Done
// channel of it is held weakly, as for an ended task.
func Detached(ctx context.Context, own *Node) *Node {
	l := own.scope.loop
	n := &Node{}
	n.next = n
	n.scope, n.outer = l.root, outsideOf(ctx)
	n.up.Store(l.root.shieldRoot)
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

// childFailed is called when a task of the scope has ended with an error that is not
// its own cancellation. The loop lists the error until a caller receives it. It does so also if the
// caller is known: a multiAwait or a group whose task is abandoned returns nothing (S8, S9).
func (s *Scope) childFailed(t *Task) {
	flags := t.node.flags
	switch {
	case flags&(flagQuiet|flagMain) != 0:
		return
	case s.onError != nil && flags&flagMultiAwait == 0:
		s.onError(t.completion.fail.err)
		return
	}
	l := s.loop
	f := l.newFailure(&t.completion, t, t.completion.fail.err, t.Name())
	f.watched.Store(flags&flagSubmitted != 0)
	t.completion.fail = f
	l.failures.add(f)
	switch {
	case flags&flagMultiAwait != 0:
	case s.group:
		s.fail(f)
		if s.open != nil {
			s.open.owed = append(s.open.owed, f)
		}
	default:
		l.reportUnreachable(&t.completion, f)
	}
}

// fail records an error of a group. The first one cancels the other tasks and the body.
func (s *Scope) fail(f *failure) {
	s.fails = append(s.fails, f)
	if len(s.fails) == 1 {
		s.node.Cancel(context.Canceled, f.err)
	}
}

// take returns the errors of a group, joined, and marks them as received.
func (s *Scope) take() error {
	errs := make([]error, len(s.fails))
	for i, f := range s.fails {
		f.receive(s.loop)
		errs[i] = f.err
	}
	return errors.Join(errs...)
}

// lose passes on the errors of a group whose body ended by a panic or Goexit. If the group is in an
// open scope, that scope gets them. Otherwise they are reported in the next turn, so that a goroutine
// that waits for Done may receive them first.
func (s *Scope) lose() {
	open := s.outer
	for open.group {
		open = open.outer
	}
	l := s.loop
	for _, f := range s.fails {
		if open.onError != nil {
			if f.receive(l) {
				open.onError(f.err)
			}
		} else if t := f.task.Value(); t != nil && f.watched.Load() {
			l.reportUnreachable(&t.completion, f)
		} else {
			l.ready.pushCall(call{fn: func() { l.failures.lost(l, f) }})
		}
	}
}

// RunGroup runs body in the calling task, with a context whose scope is a new
// group. It returns when body and every task of the group have ended, with their errors joined in
// the order in which they occurred.
func RunGroup(ctx context.Context, body func(ctx context.Context) error) (err error) {
	caller, err := Enter(ctx)
	if err != nil {
		return err
	}
	l := caller.L
	s := &Scope{loop: l, node: &Node{}, owner: caller.Task(), outer: ScopeOf(ctx), group: true}
	newChild(s.node, ctx, s, caller.n)

	// If body panics or exits, its children are cancelled and awaited first, and their
	// errors are reported. The panic is printed before that: a child might never end.
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
		s.lose()
		if v != nil {
			panic(v)
		}
	}()
	err = body(s.node)
	returned = true
	s.owner.Leave(&s.body)

	bodyCut := err != nil && s.node.reason(l).explains(err)
	if err != nil && !bodyCut {
		f := l.newFailure(&s.owner.completion, s.owner, err, s.owner.Name())
		l.failures.add(f)
		s.fail(f)
	}
	s.drain(caller)
	switch {
	case len(s.fails) > 0:
		return s.take()
	case bodyCut:
		return err
	case s.cut:
		return caller.Err() // nil if children were cancelled only through their handles
	}
	return nil
}

var errBodyLeft = errors.New("asyncio: the body of the task group panicked or exited")

// drain waits until no task of the group is left, and ends the scope. A cancellation of the caller
// does not end the wait.
func (s *Scope) drain(caller Caller) {
	for s.live > 0 {
		if caller.Err() != nil {
			caller.n = nil // the children are cancelled; wait for them
		}
		caller.breakCycles(&s.wait, forGroup)
		caller.Park(&s.wait, forGroup)
	}
	s.endScope()
}

// endScope ends a scope without tasks and cancels its context. Std contexts that derive from it end
// too.
func (s *Scope) endScope() {
	s.groups.WakeAll()
	s.ended = true
	s.node.cancel(scopeEnded)
	s.node.end()
	s.endShielded()
}

// shieldParent returns the parent of nodes that their context does not cancel, such as those of
// tasks created with context.WithoutCancel. Only the end of the scope cancels them. It returns
// nil if the scope has ended.
func (s *Scope) shieldParent() *Node {
	if s.shieldRoot == nil && !s.ended {
		s.shieldRoot = &Node{scope: s}
	}
	if s.ended {
		return nil
	}
	return s.shieldRoot
}

// endShielded cancels the shielded nodes at the end of the scope. Of an open foreign context it
// cancels the derived node, but not the carrier.
func (s *Scope) endShielded() {
	if s.shieldRoot == nil {
		return
	}
	var below []*Node
	for c := s.shieldRoot.kids; c != nil; {
		next := c.next
		if src := c.source(); src != nil {
			s.shieldRoot.unlink(c)
			below = append(below, src.derived)
		}
		c = next
	}
	for _, n := range below {
		n.cancel(scopeEnded)
	}
	s.shieldRoot.cancel(scopeEnded)
}

// scopeEnded is shared, so that the end of a group allocates nothing.
var scopeEnded = &cancelState{err: context.Canceled, cause: ErrScopeEnded}

// OpenScope makes a scope under ctx that has no body and is open until Close. Callbacks that create
// tasks use it. An error of a task cancels nothing: OpenScope's onError is called with it, and must
// not run code of the program. On the loop only.
func OpenScope(ctx context.Context, onError func(error)) *Scope {
	own := NodeOf(ctx)
	l := own.scope.loop
	s := &Scope{loop: l, node: &Node{}, outer: own.scope, onError: onError}
	newChild(s.node, ctx, s, l.carrier(ctx, own))
	return s
}

// Context returns the scope's context.
func (s *Scope) Context() context.Context { return s.node }

// Close cancels an open scope with the cause. When no task of it is left, which may be at once, the
// loop calls empty. From then on the scope refuses tasks.
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
