package aiohttp

import (
	"context"
	"math"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// unlimited does not limit the goroutines: their number is bounded by the number of requests.
var unlimited = asyncio.NewLimiter(math.MaxInt32)

// runBlocking calls op, which may block, in another goroutine and suspends the calling task. In a
// goroutine without a loop it calls op directly. If the task is cancelled during op, runBlocking
// calls interrupt and still waits for op. If the task was cancelled before, it does not call op.
func runBlocking(op func() error, interrupt func()) error {
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
