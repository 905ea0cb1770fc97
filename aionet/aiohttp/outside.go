package aiohttp

import (
	"context"
	"math"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// unlimited is for goroutines whose number is bounded by that of requests.
var unlimited = asyncio.NewLimiter(math.MaxInt32)

// outside does what blocks in another goroutine while the calling task is suspended; a
// goroutine of no loop does it itself. interrupt is called if the task is cancelled
// meanwhile; op is waited for still. If the task is cancelled already, op is not done.
func outside(op func() error, interrupt func()) error {
	ctx, err := engine.SteppingTask()
	if err != nil {
		return err
	}
	if ctx == nil {
		return op()
	}
	_, err = asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
		defer context.AfterFunc(ctx, interrupt)()
		return struct{}{}, op()
	}, asyncio.Via(unlimited))
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
