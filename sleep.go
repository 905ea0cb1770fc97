package asyncio

import (
	"context"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// Sleep suspends the calling task for d and lets others run meanwhile. With d
// of zero or less it gives up exactly one turn. It returns ctx.Err() if ctx is
// cancelled first, or already.
//
// Off the loop, with a ctx that has none, it blocks the goroutine likewise, so
// that the same helper serves on both sides.
func Sleep(ctx context.Context, d time.Duration) error {
	caller, err := engine.Enter(ctx)
	if err != nil {
		if ctx != nil && engine.NodeOf(ctx) == nil {
			return sleepOffLoop(ctx, d)
		}
		return err
	}
	if d <= 0 {
		return caller.Yield()
	}
	return caller.Sleep(caller.L.After(d))
}

func sleepOffLoop(ctx context.Context, d time.Duration) error {
	if err := engine.RefuseBlocking(engine.PassOn); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Checkpoint gives up a turn if the current step has run for a time slice, some
// 10 ms, and costs some 15 ns otherwise: call it in the inner loop of a
// computation that stays on the loop. It returns ctx.Err() if ctx is cancelled.
// Off the loop it only does that.
func Checkpoint(ctx context.Context) error {
	return engine.Check(ctx)
}
