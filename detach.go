package asyncio

import (
	"context"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// Detach returns a context for a task that outlives the scope of ctx: the handler
// of a connection, a task group. It has the values and the loop of ctx. It has no
// cancellation and no deadline, and its scope is Run's:
//
//	asyncio.Go(asyncio.Detach(ctx), sendReceipt) // still runs when the handler has returned
//
// A task created with it belongs to Run, as if main had created it. No group and no
// handler waits for it or receives its error: an error that no caller receives is
// reported and returned by Run. When main returns, Run cancels the task and waits
// for it. Task.Cancel cancels it earlier.
//
// An await with the context is not cancelled with the calling task, as with
// context.WithoutCancel, which keeps the owner.
//
// Detach does not block. It may be called from any goroutine, and also when ctx is
// cancelled or its scope has ended. If ctx has no loop, neither has the result, and
// calls that need a loop refuse it. It panics if ctx is nil.
func Detach(ctx context.Context) context.Context {
	if ctx == nil {
		panic(nilContext("Detach"))
	}
	own := engine.NodeOf(ctx)
	if own == nil {
		return context.WithoutCancel(ctx)
	}
	return engine.Detached(ctx, own)
}
