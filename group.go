package asyncio

import (
	"context"
	"errors"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// WithTaskGroup calls body in the calling task, with a ctx that is a new scope:
// tasks created with it, or with a ctx derived from it, belong to the group. It
// returns when body and all tasks of the group have ended. Tasks may be added
// until then.
//
// When a task of the group or body fails, the others are cancelled and still
// awaited. The error joins all of theirs, first the one that came first; errors
// that say no more than that a task was cancelled along with the group are
// left out. If ctx is cancelled the group is, and ctx.Err() is returned if that cut
// body or a task short, unless there are errors to tell.
//
// A task created with context.WithoutCancel of the group's ctx is awaited but
// not cancelled. Its ctx is cancelled at the end of the group, and so is every ctx that was
// derived from that of the group in this way.
//
// When WithTaskGroup returns, the group's ctx is cancelled: Err returns
// context.Canceled, and the cause is ErrScopeEnded unless the group was cancelled
// before.
//
// If body panics or exits its goroutine, the tasks are cancelled and awaited, and then
// the panic goes on. Their errors are reported as errors that no caller received; in a
// handler of package aionet, with those of the connection.
func WithTaskGroup(ctx context.Context, body func(ctx context.Context) error) error {
	if body == nil {
		return errors.New("asyncio: WithTaskGroup: nil body")
	}
	return engine.RunGroup(ctx, body)
}
