package asyncio

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Task is a coroutine that the loop runs by itself. Its owner is the scope in
// which it was created: the innermost task group of the ctx, or Run. The owner
// outlives it, and an error that nobody receives from the task is reported by
// the owner.
type Task[T any] struct {
	t     engine.Task
	value T
	coro  Coroutine[T] // last, so that an empty value takes no room
}

// AnyTask is a *Task[T] of any T, for code that needs no value: a slice of tasks
// of several types, or what [Loop.Tasks] returns. Only *Task[T] implements it.
type AnyTask interface {
	ID() uint64
	Name() string
	Cancel(cause error) bool
	Done() <-chan struct{}
	Err() error
	Join(ctx context.Context) error

	core() *engine.Task
}

// A TaskOption is an option of one task: Name.
type TaskOption interface{ applyTask(*taskOptions) }

type taskOptions struct {
	name string
	site coro.Site
}

type nameOption string

func (n nameOption) applyTask(o *taskOptions) { o.name = string(n) }

// Name names a task in messages and dumps. The default is "Task-" and its number.
func Name(name string) TaskOption { return nameOption(name) }

// sited is what an option of the module's own packages may be besides: a task that they
// create counts as created at the user's call that led to it.
type sited interface{ CreatedAt() coro.Site }

// CreateTask schedules coroutine on the loop of ctx and returns at once. The first
// step comes in a later turn, in order of creation; a task whose ctx is cancelled
// before that, or which Run finds not begun when main returns, never begins. The
// task's own context is cancelled when ctx is; it has ctx's values.
//
// On the loop only: with a ctx that has no loop, in another goroutine, or with
// a nil coroutine it panics. From other goroutines use Submit. If the scope of ctx
// has ended, the task has failed with ErrScopeEnded.
//
//go:noinline
func CreateTask[T any](ctx context.Context, coroutine Coroutine[T], opts ...TaskOption) *Task[T] {
	return createTask("CreateTask", ctx, coroutine, opts, coro.CallSite())
}

// Go is CreateTask for a function without a result.
//
//go:noinline
func Go(ctx context.Context, fn func(ctx context.Context) error, opts ...TaskOption) *Task[struct{}] {
	if fn == nil {
		panic("asyncio: Go: nil function")
	}
	return createTask("Go", ctx, procOf(fn), opts, coro.CallSite())
}

func createTask[T any](call string, ctx context.Context, c Coroutine[T], opts []TaskOption, site coro.Site) *Task[T] {
	if c == nil {
		panic("asyncio: " + call + ": nil coroutine")
	}
	own := mustHaveLoop(call, ctx)
	t := &Task[T]{coro: c}
	site, name := applied(opts, site)
	engine.Spawn(ctx, own, &t.t, (*taskBody[T])(t), site, name)
	return t
}

// applied returns where a task counts as created, and its name. It is apart from its
// callers so that a call without options allocates none.
func applied(opts []TaskOption, site coro.Site) (coro.Site, string) {
	if len(opts) == 0 {
		return site, ""
	}
	o := taskOptions{site: site}
	for _, opt := range opts {
		if opt == nil {
			continue
		}
		opt.applyTask(&o)
		if s, ok := opt.(sited); ok {
			o.site = s.CreatedAt()
		}
	}
	return o.site, o.name
}

// mustHaveLoop returns the node of ctx for a call that cannot return an error.
func mustHaveLoop(call string, ctx context.Context) *engine.Node {
	if ctx == nil {
		panic(nilContext(call))
	}
	own := engine.NodeOf(ctx)
	if own == nil {
		panic(noLoopError(call, "call it in a coroutine with its ctx, or use Submit"))
	}
	if !own.Loop().Here() {
		panic(offLoopError(own.Loop(), call, "in a coroutine of that loop, or use Submit"))
	}
	return own
}

// Submit makes coroutine a task of the loop, owned by its Run, from any goroutine.
// It never blocks. On a loop that has not started, the task waits for Run. On a loop
// that has ended, the task has failed with ErrLoopClosed. Run does not return that error;
// it is logged if the caller does not receive it. Submit panics if the loop or coroutine
// is nil.
//
//go:noinline
func Submit[T any](l *Loop, coroutine Coroutine[T], opts ...TaskOption) *Task[T] {
	e := l.made("Submit")
	if coroutine == nil {
		panic("asyncio: Submit: nil coroutine")
	}
	t := &Task[T]{coro: coroutine}
	site, name := applied(opts, coro.CallSite())
	e.Submit(&t.t, (*taskBody[T])(t), site, name)
	return t
}

// Await waits for the task and returns its result. From a task of any loop it
// suspends, from any other goroutine it blocks that goroutine. If ctx is
// cancelled first it returns ctx.Err(), and the awaited task goes on. The error
// matches ErrTaskCancelled if, and only if, the task was cancelled. Await may be called
// any number of times, by several tasks; the error counts as received.
func (t *Task[T]) Await(ctx context.Context) (T, error) {
	err, waited := t.t.Completion().Await(ctx, &t.t)
	if !waited {
		var zero T
		return zero, err
	}
	return t.value, err
}

// Join is Await without the value: it waits for the task and returns its error,
// nil if the task ended without one. The error counts as received.
func (t *Task[T]) Join(ctx context.Context) error {
	err, _ := t.t.Completion().Await(ctx, &t.t)
	return err
}

// Cancel cancels the task's context with the cause; nil stands for
// context.Canceled. Each of the task's awaits fails from then on. It does not
// wait. A task that has not begun never will. It reports false, and does
// nothing, when the task has ended. From any goroutine.
func (t *Task[T]) Cancel(cause error) bool { return t.t.Cancel(cause) }

// Done returns a channel that is closed when the task has ended. From any
// goroutine; in a coroutine use Await. A closed channel does not receive the error: call
// Err or Result, at the end of Run within 100 ms (see Run).
func (t *Task[T]) Done() <-chan struct{} { return t.t.Completion().Done() }

// Result returns what the coroutine returned, or ErrNotDone while it runs. The
// error counts as received. From any goroutine; it never blocks.
func (t *Task[T]) Result() (T, error) {
	if !t.t.Completion().IsDone() {
		var zero T
		return zero, ErrNotDone
	}
	return t.value, t.t.Completion().Receive()
}

// Err returns the error of the task, nil if it ended without, or ErrNotDone
// while it runs. The error counts as received. From any goroutine.
func (t *Task[T]) Err() error { return t.t.Completion().Err() }

// ID returns the number of the task, unique in its loop.
func (t *Task[T]) ID() uint64 { return t.t.ID() }

// Name returns the task's name.
func (t *Task[T]) Name() string { return t.t.Name() }

// OnDone has fn called on the loop, in a turn after the task has ended, never
// inline; several in the order of the calls. From any goroutine. Once the loop
// has closed nothing is called.
//
//go:noinline
func (t *Task[T]) OnDone(fn func()) {
	if fn == nil {
		panic("asyncio: Task.OnDone: nil function")
	}
	t.t.Completion().OnDone(fn, &t.t, coro.CallSite())
}

func (t *Task[T]) core() *engine.Task { return &t.t }

// taskBody is a Task as the engine sees it; its methods are not the handle's.
type taskBody[T any] Task[T]

func (b *taskBody[T]) Run(ctx context.Context) (err error) {
	b.value, err = b.coro(ctx)
	return err
}

func (b *taskBody[T]) Discard() { b.coro = nil }

func (b *taskBody[T]) Handle() any { return (*Task[T])(b) }

func (b *taskBody[T]) MultiAwait() (*engine.MultiAwait, int) { return nil, 0 }

func handleOf(t *engine.Task) AnyTask {
	if t == nil {
		return nil
	}
	return t.Body().Handle().(AnyTask)
}
