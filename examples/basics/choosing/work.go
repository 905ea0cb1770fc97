package main

import (
	"context"
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio"
)

// sum is the computation: pure arithmetic, and no await. It is compiled once,
// and not into each caller in a way of its own, so that the rows can be compared.
//
//go:noinline
func sum(from, to int) int {
	s := 0
	for i := from; i < to; i++ {
		s += (i % 7) * (i % 13)
	}
	return s
}

// Sum is sum as something to call in another process.
var Sum = asyncio.Register("choosing.sum", sumOf)

func sumOf(_ context.Context, part [2]int) (int, error) { return sum(part[0], part[1]), nil }

// manyAtOnce computes the sum in many parts at the same time.
func manyAtOnce(n int, compute func(context.Context, [2]int) (int, error)) asyncio.Coroutine[int] {
	return func(ctx context.Context) (int, error) {
		parts := make([]asyncio.Coroutine[int], many)
		for i := range parts {
			parts[i] = asyncio.Coro(compute, [2]int{i * n / many, (i + 1) * n / many})
		}
		s := 0
		sums, err := asyncio.Gather(ctx, parts...)
		for _, part := range sums {
			s += part
		}
		return s, err
	}
}

// inParts computes the sum in parts of the given size, with a pause after each.
func inParts(n, size int, pause func(context.Context) error) asyncio.Coroutine[int] {
	return func(ctx context.Context) (int, error) {
		s := 0
		for i := 0; i < n; i += size {
			s += sum(i, min(i+size, n))
			if err := pause(ctx); err != nil {
				return 0, err
			}
		}
		return s, nil
	}
}

// waits is what a program for the network does most: many tasks that wait.
func waits(tasks int, d time.Duration) asyncio.Coroutine[int] {
	return func(ctx context.Context) (int, error) {
		return tasks, asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range tasks {
				asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, d) })
			}
			return nil
		})
	}
}

// calibrate finds how many steps of sum take about as long as d, in whole millions.
func calibrate(d time.Duration) int {
	const million, sample = 1_000_000, 100_000_000
	start := time.Now()
	runtime.KeepAlive(sum(0, sample)) // only its time matters
	n := sample * d.Seconds() / time.Since(start).Seconds()
	return max(int(n)/million, 1) * million
}
