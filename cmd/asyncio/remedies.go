package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// A remedy is one way to run a long computation in a program with an event loop.
type remedy struct {
	name string
	how  string // what stands in the program
	// run makes the sum below n. It is a coroutine of the loop on which the
	// heartbeat beats.
	run func(ctx context.Context, n int64) (int64, error)
	// pool makes, instead of run, what calls of sumBelow go to, with room for so
	// many at once.
	pool func(jobs int) (asyncio.Executor, error)
	// verdict sums the remedy up; it holds only where no tick was lost.
	verdict string
	// beside says whom the loop competes with, where the computations run beside
	// it and there are more of them than processors.
	beside string
}

// sumBelow is the computation for where a closure cannot go.
var sumBelow = asyncio.Register("demo.sum", func(ctx context.Context, n int64) (int64, error) {
	return compute(n, interruptStride, ctx.Err)
})

// open returns what computes a sum, and what is to be called when all have been.
func (r remedy) open(jobs int) (run func(context.Context, int64) (int64, error), done func(context.Context) error, err error) {
	if r.pool == nil {
		return r.run, func(context.Context) error { return nil }, nil
	}
	pool, err := r.pool(jobs)
	if err != nil {
		return nil, nil, err
	}
	run = func(ctx context.Context, n int64) (int64, error) { return sumBelow.Call(ctx, pool, n) }
	return run, pool.Close, nil
}

// The strides: how many iterations lie between two looks at the world.
const (
	sleepStride      = 100_000
	checkpointStride = 1_000
	// The remedies that never give up control still ask, every millisecond or
	// two, whether Ctrl-C was pressed. Asking is no await: it blocks as before.
	interruptStride = 1_000_000
)

// niceness is by how much the worker processes stand back from the loop. Windows
// knows no such number.
var niceness = func() int {
	if runtime.GOOS == "windows" {
		return 0
	}
	return 10
}()

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
		beside:  "goroutines of this process: the loop waits for its turn among them",
	},
	{
		name: "process",
		how:  fmt.Sprintf("sum.Call(ctx, pool, n) runs it in a worker process, at nice %d", niceness),
		pool: func(jobs int) (asyncio.Executor, error) {
			return procpool.New(procpool.Options{Workers: jobs, Nice: niceness})
		},
		verdict: "every tick came: for long, heavy work, which can be killed and limited there",
		beside:  fmt.Sprintf("processes at nice %d: they wait for the loop", niceness),
	},
}
