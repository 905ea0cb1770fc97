package engine

import (
	"context"
	"log/slog"
	"runtime"
	"strconv"

	"github.com/asyncio-go/asyncio/internal/callsite"
	"github.com/asyncio-go/asyncio/internal/coro"
)

// Body is what a task runs: the typed task of the public package.
type Body interface {
	// Run runs the coroutine and stores its value.
	Run(ctx context.Context) error
	// Discard drops the coroutine.
	Discard()
	// Handle returns the public handle.
	Handle() any
	// MultiAwait returns the multiAwait that started the task, if one did, and its position there.
	MultiAwait() (*MultiAwait, int)
}

// A Task runs one coroutine:
//
//	created (in the ready queue, no stack) --first step--> running
//	running --await--> parked --wake-up--> ready --step--> running
//	running --return--> ended
//
// The loop owns the fields. The id, the name and the creation site never change. The completion and the
// node have methods for other goroutines.
type Task struct {
	node       Node
	completion Completion
	body       Body
	id         uint64
	r          *runner // nil: not started or ended
}

type taskFlags uint8

const (
	flagQuiet      taskFlags = 1 << iota // ended by a panic or Goexit that ends Run
	flagMain                             // Run's main: its error is Run's
	flagCancelled                        // ended cancelled
	flagConfined                         // its waits end with it under any context
	flagMultiAwait                       // started by a multiAwait, which is notified of its end
	flagPanicked                         // ended by a panic
	flagExtent                           // it is in an Extent
	flagSubmitted                        // created in another goroutine, which has the handle
)

func (t *Task) ID() uint64 { return t.id }

// Name returns the given name, or "Task-" and the number.
func (t *Task) Name() string {
	if e := t.node.ext.Load(); e != nil && e.name != "" {
		return e.name
	}
	return "Task-" + strconv.FormatUint(t.id, 10)
}

// Created returns the place of the creation as file:line. In debug mode the lines that led there
// follow.
func (t *Task) Created() string {
	var stack []uintptr
	if e := t.node.ext.Load(); e != nil {
		stack = e.stack
	}
	return callsite.Created(t.completion.created, stack)
}

// Completion returns the completion of the task.
func (t *Task) Completion() *Completion { return &t.completion }

// Body returns the typed task.
func (t *Task) Body() Body { return t.body }

// Loop returns the task's loop.
func (t *Task) Loop() *Loop { return t.completion.loop }

// Cancelled reports whether the ended task counts as cancelled (S14).
func (t *Task) Cancelled() bool { return t.node.flags&flagCancelled != 0 }

// CutBy reports whether the ended task, which c started, was cancelled together with c, and not by
// itself.
func (t *Task) CutBy(c *MultiAwait) bool {
	return t.Cancelled() && t.node.state.Load() == c.node.state.Load()
}

// Spawn creates a task. Its first step runs in a later turn (S3). On the loop only.
func Spawn(ctx context.Context, own *Node, t *Task, body Body, created coro.Site, name string) {
	l := own.scope.loop
	t.prepare(l, l.newID(), body, created, name)
	if own.scope.ended {
		t.refuse(l, Refuse(ErrScopeEnded, whatScopeEnded))
		return
	}
	l.admit(t, ctx, own.scope, l.carrier(ctx, own))
}

// SpawnUnder is Spawn for a coroutine that a call starts for itself, under a node of its own. The call
// receives the error.
func SpawnUnder(ctx context.Context, under *Node, t *Task, body Body, created coro.Site) {
	l := under.scope.loop
	t.prepare(l, l.newID(), body, created, "")
	l.admit(t, ctx, under.scope, under)
}

func (t *Task) prepare(l *Loop, id uint64, body Body, created coro.Site, name string) {
	t.id, t.body, t.completion.created = id, body, created
	t.completion.loop = l
	if name != "" {
		t.node.extras().name = name
	}
	if l.tracer != nil {
		l.tracer.Created(t)
	}
}

// newID returns the ID of a new task. The loop takes IDs in blocks, so that it shares a counter with
// Submit without an atomic operation for each task.
func (l *Loop) newID() uint64 {
	if l.nextID == l.endID {
		l.endID = l.ids.Add(idBlock) + 1
		l.nextID = l.endID - idBlock
	}
	l.nextID++
	return l.nextID - 1
}

const idBlock = 64

// refuse ends a task that could not be admitted.
func (t *Task) refuse(l *Loop, err error) {
	l.counters.refused++
	if l.settled { // the error handler creates tasks: to report these to it would never end
		l.log(slog.LevelError, "asyncio: a task was created after the end of Run", "task", t.Name(),
			"created", t.Created(), "error", err)
		t.completion.fail = &failure{err: err}
		t.body.Discard()
		t.completion.settled()
		return
	}
	t.completion.fail = l.newFailure(&t.completion, t, err, t.Name())
	l.reportUnreachable(&t.completion, t.completion.fail)
	l.failures.add(t.completion.fail)
	t.body.Discard()
	t.completion.settled()
}

// decline ends a task that was submitted after the end of Run. Only the caller of Submit can receive
// its error, as Run may have returned. The error is logged if the handle becomes unreachable.
func (t *Task) decline(l *Loop) {
	f := l.newFailure(&t.completion, t, ErrLoopClosed, t.Name())
	if !l.bubbled() {
		runtime.AddCleanup(&t.completion, func(f *failure) {
			if !f.received.Load() {
				l.log(slog.LevelError, "asyncio: a task was submitted after the end of Run and did not run", "task", f.name, "created", f.site())
			}
		}, f)
	}
	t.completion.fail = f
	t.body.Discard()
	t.completion.publishEnd()
}

func (l *Loop) admit(t *Task, ctx context.Context, scope *Scope, parent *Node) {
	newChild(&t.node, ctx, scope, parent)
	scope.live++
	if scope.open != nil {
		scope.open.counts(1)
	}
	l.counters.admitted++
	l.stop.unswept++
	t.node.slot = l.registry.Add(t)
	l.ready.pushTask(t)
}

// Submit creates a task of the root scope from any goroutine.
func (l *Loop) Submit(t *Task, body Body, created coro.Site, name string) {
	t.prepare(l, l.ids.Add(1), body, created, name)
	t.node.scope = l.root // Cancel needs it before the loop adopts the task
	adopt := func() {
		if l.root.ended {
			l.counters.refused++
			t.decline(l)
			return
		}
		l.admit(t, l.root.node, l.root, l.root.node)
	}
	if l.Here() {
		adopt()
		return
	}
	t.node.flags |= flagSubmitted
	if l.post(adopt) != nil {
		t.decline(l)
	}
}

// Cancel cancels the task with the cause. It reports false if the task has ended. It can be called from
// any goroutine.
func (t *Task) Cancel(cause error) bool {
	switch {
	case t.completion.loop == nil:
		panic(notMade(t))
	case t.completion.IsDone():
		return false
	}
	if cause == nil {
		cause = context.Canceled
	}
	t.node.Cancel(context.Canceled, cause)
	return true
}

// finish ends a task whose coroutine has returned err.
func (l *Loop) finish(t *Task, err error) {
	l.judge(t, err)
	l.conclude(t)
}

// judge decides whether a task whose coroutine has returned err counts as cancelled, and sets its
// error. It calls methods of err.
func (l *Loop) judge(t *Task, err error) {
	if err == nil {
		return
	}
	main := t.node.flags&flagMain != 0
	s := t.node.reason(l)
	cancelled := s.explains(err)
	if !cancelled {
		l.finished.fail(t, err)
	}
	switch {
	case main: // Run returns err itself
	case cancelled:
		err = Cancelled("task "+strconv.Quote(t.Name()), s.cause)
	case t.node.flags&flagMultiAwait != 0: // Gather returns the error of the coroutine unchanged, as Await does
	default:
		err = Failed(err)
	}
	if cancelled {
		t.node.flags |= flagCancelled
	}
	t.completion.fail = &failure{err: err, cancelled: cancelled}
	l.counters.unsuccessful(t.node.flags)
}

// conclude publishes the end of t to its scope, and then to its waiters.
func (l *Loop) conclude(t *Task) {
	t.body.Discard()
	if t.r.held != nil {
		t.loseLocks()
	}
	t.r = nil
	l.registry.Remove(t.node.slot)
	l.counters.ended++
	t.dropCarriers()
	if t.node.flags&flagConfined != 0 {
		l.confined--
	}
	t.node.end()
	if t.node.flags&flagMain != 0 {
		l.raise(signalStop)
	}
	scope := t.node.scope
	scope.live--
	switch {
	case t.node.flags&flagCancelled != 0:
		scope.cut = true
	case t.completion.fail != nil:
		scope.childFailed(t)
	}
	t.completion.settled()
	if len(l.finished.longest) != 0 {
		l.finished.ended(t)
	}
	if t.node.flags&flagMultiAwait != 0 {
		multiAwait, pos := t.body.MultiAwait()
		multiAwait.ended(&t.completion, pos, true)
	}
	if scope.live == 0 {
		scope.wait.WakeAll()
	}
	if scope.open != nil {
		scope.open.emptied()
		scope.open.counts(-1)
	}
}
