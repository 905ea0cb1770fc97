package main

import (
	"context"
	"fmt"

	"github.com/asyncio-go/asyncio"
)

// A remedy is one way to run a long computation in a program with an event loop.
type remedy struct {
	name string
	how  string // what stands in the program
	// run makes the sum below n. It is a coroutine of the loop on which the
	// heartbeat beats.
	run func(ctx context.Context, n int64) (int64, error)
	// verdict sums the remedy up; it holds only where no tick was lost.
	verdict string
}

// The strides: how many iterations lie between two looks at the world.
const (
	sleepStride      = 100_000
	checkpointStride = 1_000
	// The remedies that never give up control still ask, every millisecond or
	// two, whether Ctrl-C was pressed. Asking is no await: it blocks as before.
	interruptStride = 1_000_000
)

// remedies are the lanes of the demonstration, in their order. The first is what
// the others are held against.
var remedies = []remedy{
	{
		name: "none",
		how:  "the loop over i runs in a coroutine, as it stands",
		run: func(ctx context.Context, n int64) (int64, error) {
			return compute(n, interruptStride, ctx.Err)
		},
		verdict: "too short to cost a tick here, yet nothing else ran meanwhile",
	},
	{
		name: "Sleep(0)",
		how:  fmt.Sprintf("asyncio.Sleep(ctx, 0) after every %s iterations", thousands(sleepStride)),
		run: func(ctx context.Context, n int64) (int64, error) {
			return compute(n, sleepStride, func() error { return asyncio.Sleep(ctx, 0) })
		},
		verdict: "every tick came: for an algorithm of your own, at a stride you choose",
	},
	{
		name: "Checkpoint",
		how:  fmt.Sprintf("asyncio.Checkpoint(ctx) after every %s iterations", thousands(checkpointStride)),
		run: func(ctx context.Context, n int64) (int64, error) {
			return compute(n, checkpointStride, func() error { return asyncio.Checkpoint(ctx) })
		},
		verdict: "every tick came: for an algorithm of your own, with no stride to tune",
	},
	{
		name: "thread",
		how:  "asyncio.ToThread(ctx, ...) runs it beside the loop",
		run: func(ctx context.Context, n int64) (int64, error) {
			return asyncio.ToThread(ctx, func(ctx context.Context) (int64, error) {
				return compute(n, interruptStride, ctx.Err)
			})
		},
		verdict: "every tick came: for any blocking call, on a processor of its own if free",
	},
}
