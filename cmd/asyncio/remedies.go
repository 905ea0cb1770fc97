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
	how  string // how the program runs the computation
	// run computes the sum below n. It is a coroutine on the loop of the heartbeat.
	run func(ctx context.Context, n int64) (int64, error)
	// pool creates the executor for calls of sumBelow, with that many workers. It is used instead
	// of run.
	pool func(jobs int) (asyncio.Executor, error)
	// verdict describes the result if no tick was lost.
	verdict string
	// beside names what competes with the loop, for a computation outside of the loop with more
	// jobs than processors.
	beside string
}

// sumBelow is the computation as a registered function.
var sumBelow = asyncio.Register("demo.sum", func(ctx context.Context, n int64) (int64, error) {
	return compute(n, interruptStride, ctx.Err)
})

// open returns a function that computes a sum, and a function that releases its resources.
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

// The strides are the numbers of iterations between two pauses.
const (
	sleepStride      = 100_000
	checkpointStride = 1_000
	// A remedy that does not yield checks for Ctrl-C every millisecond or two. The check is no
	// await, so the loop stays blocked.
	interruptStride = 1_000_000
)

// niceness is added to the niceness of the worker processes. Windows does not have it.
var niceness = func() int {
	if runtime.GOOS == "windows" {
		return 0
	}
	return 10
}()

// remedies are in the order of their lanes. The others are compared with the first one.
var remedies = []remedy{
	{
		name: "none",
		how:  "the loop over i runs in a coroutine, without a change",
		run: func(ctx context.Context, n int64) (int64, error) {
			return compute(n, interruptStride, ctx.Err)
		},
		verdict: "too short to lose a tick here, but no other task ran",
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
		how:  "asyncio.ToThread(ctx, ...) runs it in another goroutine",
		run: func(ctx context.Context, n int64) (int64, error) {
			return asyncio.ToThread(ctx, func(ctx context.Context) (int64, error) {
				return compute(n, interruptStride, ctx.Err)
			})
		},
		verdict: "every tick came: for any blocking call, on another processor if one is free",
		beside:  "goroutines of this process: the loop waits among them",
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
