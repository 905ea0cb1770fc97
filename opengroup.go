package asyncio

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Group is a task group that outlives the function that makes it, as the field of a
// struct for example. [OpenGroup] makes it. The tasks of [WithTaskGroup], by contrast, end
// before it returns.
//
// A task made by Go belongs to the group, and so do the tasks made with that task's
// ctx. When one of them fails, the others are cancelled. The group stays failed: a task
// added later is cancelled before its first step. The error of such a task names the first
// failure, and the first such task is logged as a warning. To continue after a failure, call
// Close and open another group. Close returns the errors of all tasks. It leaves out errors
// that only report the cancellation of a task by the group.
//
// The owner of a group is the scope of the ctx given to OpenGroup: a task group, a
// connection's handler, or Run. The owner waits for the group's tasks as for its own.
// WithTaskGroup waits for them. A handler that returns, and Run when main returns, cancel
// them and wait. Then the group ends. Errors that Close has not returned go to the owner:
// WithTaskGroup returns them, a server reports them, Run reports and returns them. A
// failure does not cancel the owner before that.
//
// If the ctx given to OpenGroup is cancelled, so are the group's tasks, also those added
// later. Close must still be called.
//
// The methods are for the tasks and callbacks of the group's loop.
type Group struct{ g *engine.Group }

// OpenGroup opens a group in the scope of ctx. Its tasks have the values and the
// cancellation of ctx. OpenGroup does not block. A group that is not closed ends with its
// owner. A group opened in a scope that has ended has ended too.
//
// On the loop only: with a ctx that has no loop or in another goroutine it panics. For a
// group that outlives the handler that opens it, pass the ctx of [Detach].
func OpenGroup(ctx context.Context) *Group {
	own := mustHaveLoop("OpenGroup", ctx)
	return &Group{engine.OpenGroup(ctx, own)}
}

// Go makes fn a task of the group, as the function [Go] does: it returns at once, and the
// first step comes in a later turn. In a group that has ended, by Close or with its owner,
// the task has failed with ErrScopeEnded. While Close waits, and after a failure, the task
// is cancelled before its first step: see Group. It panics if fn is nil, and off the loop.
//
//go:noinline
func (g *Group) Go(fn func(ctx context.Context) error, opts ...TaskOption) *Task[struct{}] {
	g.mustBeOpen()
	if fn == nil {
		panic("asyncio: Group.Go: nil function")
	}
	t := createTask("Group.Go", g.g.Node(), procOf(fn), opts, coro.CallSite())
	g.g.Added(&t.t)
	return t
}

// Len returns the number of the group's tasks that have not ended. Tasks of a group that
// was opened in this one count. It panics off the loop.
func (g *Group) Len() int {
	g.mustBeOpen()
	if l := g.g.Node().Loop(); !l.Here() {
		panic(offLoopError(l, "Group.Len", "in a coroutine or a callback of the loop"))
	}
	return g.g.Len()
}

// Close cancels the group's tasks, suspends the calling task until they have ended, and
// returns their errors, joined, in the order in which they came. The group has ended then.
// To let the tasks finish, wait for them before: Close cancels at once.
//
// A second Close returns the same errors; concurrent calls wait for the same end. If ctx is
// cancelled before the tasks have ended, or before the call, Close returns ctx.Err(). The
// tasks are cancelled, and the errors remain for another Close or for the owner. To wait
// in a clean-up with a cancelled ctx, use context.WithoutCancel.
//
// In a task of the group Close returns ErrDeadlock and cancels nothing. With the ctx of
// another loop it returns ErrWrongLoop.
func (g *Group) Close(ctx context.Context) error {
	g.mustBeOpen()
	if ctx == nil {
		return engine.NilContext()
	}
	return g.g.Close(ctx)
}

func (g *Group) mustBeOpen() {
	if g.g == nil {
		panic("asyncio: Group: not initialized; make it with OpenGroup")
	}
}
