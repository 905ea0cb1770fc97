package asyncio_test

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/asyncio-go/asyncio"
)

// ticks yields the numbers from 1 on, one a millisecond.
func ticks(ctx context.Context) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 1; asyncio.Sleep(ctx, time.Millisecond) == nil && yield(i); i++ {
		}
	}
}

// Pull takes values from a sequence whose body awaits. Other tasks run while it does.
func ExamplePull() {
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		next, stop := asyncio.Pull(ticks(ctx))
		defer stop()
		first, _ := next()
		second, _ := next()
		fmt.Println(first, second)
		return nil
	})
	// Output: 1 2
}

// Pull2 takes pairs, here the first result of two coroutines. stop cancels the other.
func ExamplePull2() {
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		wait := func(ctx context.Context, d time.Duration) (time.Duration, error) { return d, asyncio.Sleep(ctx, d) }
		next, stop := asyncio.Pull2(asyncio.AsCompleted(ctx, asyncio.Coro(wait, time.Hour), asyncio.Coro(wait, time.Millisecond)))
		defer stop()
		i, result, _ := next()
		fmt.Println(i, result.Value)
		return nil
	})
	// Output: 1 1ms
}
