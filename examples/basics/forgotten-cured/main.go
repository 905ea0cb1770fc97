// Forgotten-cured shows the two cures for a forgotten task: keep the task and
// await it, or gather many and look at each result with its error.
//
//	go run ./basics/forgotten-cured
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
)

func main() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		if err := keepTheTask(ctx, os.Stdout); err != nil {
			return err
		}
		return resultsWithErrors(ctx, os.Stdout)
	})
	if err != nil {
		log.Fatal(err)
	}
}

var errDiskFull = errors.New("disk full")

// save takes a tenth of a second and returns the bytes written. Odd orders fail.
func save(ctx context.Context, order int) (int, error) {
	if err := asyncio.Sleep(ctx, 100*time.Millisecond); err != nil {
		return 0, err
	}
	if order%2 == 1 {
		return 0, errDiskFull
	}
	return 100 * order, nil
}

// keepTheTask holds on to the task and awaits it: the error comes back like
// that of any function call, and can be dealt with here.
func keepTheTask(ctx context.Context, w io.Writer) error {
	task := asyncio.CreateTask(ctx, asyncio.Coro(save, 1))
	fmt.Fprintln(w, "kept task: saving in the background")

	_, err := task.Await(ctx)
	switch {
	case errors.Is(err, errDiskFull):
		fmt.Fprintln(w, "kept task: failed:", err)
		return nil // received and dealt with: nothing is reported at the end
	default:
		return err
	}
}

// resultsWithErrors saves several orders at once. Gather would stop at the
// first error; GatherResults lets each one end, and returns a value or an
// error for every one, in order.
func resultsWithErrors(ctx context.Context, w io.Writer) error {
	results := asyncio.GatherResults(ctx,
		asyncio.Coro(save, 1),
		asyncio.Coro(save, 2),
		asyncio.Coro(save, 3),
		asyncio.Coro(save, 4),
	)
	for i, r := range results {
		if r.Err != nil {
			fmt.Fprintf(w, "order %d: failed: %v\n", i+1, r.Err)
			continue
		}
		fmt.Fprintf(w, "order %d: %d bytes written\n", i+1, r.Value)
	}
	return ctx.Err()
}
