// Shared-counter lets a thousand tasks change one variable with no lock, and
// counts exactly. Then it waits ten thousand times one second, all at once.
//
//	go run ./basics/shared-counter
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
)

func main() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		if err := count(ctx, os.Stdout, 1_000, 1_000); err != nil {
			return err
		}
		return wait(ctx, os.Stdout, 10_000)
	})
	if err != nil {
		log.Fatal(err)
	}
}

// count has each of many tasks add 1 to the same variable many times.
//
// The tasks of a loop take turns, and a turn ends only at an await. So what
// stands between two awaits happens as one: counter++ cannot be interrupted
// halfway. The same with goroutines is a data race and loses counts.
//
// The rule has a second half: read, await, then write would lose counts here
// too, because others had their turns in between.
func count(ctx context.Context, w io.Writer, tasks, times int) error {
	counter := 0
	// A task group waits for every task that is created inside it.
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		for range tasks {
			asyncio.Go(ctx, func(ctx context.Context) error {
				for range times {
					counter++
					// Sleep 0 is the shortest await: let everybody else have a turn.
					if err := asyncio.Sleep(ctx, 0); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d tasks, %d increments each, no lock: counter = %d\n", tasks, times, counter)
	return nil
}

// wait makes many tasks that wait one second each. Waiting needs no turns, so
// all of it together takes about one second.
func wait(ctx context.Context, w io.Writer, tasks int) error {
	start := time.Now()
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		for range tasks {
			asyncio.Go(ctx, func(ctx context.Context) error {
				return asyncio.Sleep(ctx, time.Second)
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d waits of one second: %.1f s\n", tasks, time.Since(start).Seconds())
	return nil
}
