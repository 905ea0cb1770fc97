// Cooperative is the remedy where the algorithm is your own: cut the work into
// parts and let the loop breathe in between. It does so in two ways.
//
//	go run ./basics/cooperative
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
)

func main() {
	n := flag.Uint("n", 1_000_000_000, "steps of the computation")
	flag.Parse()

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		return cooperate(ctx, os.Stdout,
			way{"Sleep(ctx, 0) each 100,000 steps", asyncio.Coro(sumWithSleep, int(*n))},
			way{"Checkpoint each 1,000 steps", asyncio.Coro(sumWithCheckpoint, int(*n))},
		)
	})
	if err != nil {
		log.Fatal(err)
	}
}

// part is one part of the computation: the steps from, from+1, ..., to-1.
func part(from, to int) int {
	s := 0
	for i := from; i < to; i++ {
		s += (i % 7) * (i % 13)
	}
	return s
}

// sumWithSleep gives up its turn after each part. The parts are of a size that
// takes a fraction of a millisecond: finer would cost time, coarser smoothness.
func sumWithSleep(ctx context.Context, n int) (int, error) {
	s := 0
	for i := 0; i < n; i += 100_000 {
		s += part(i, min(i+100_000, n))
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return 0, err // a computation that awaits can also be cancelled
		}
	}
	return s, nil
}

// sumWithCheckpoint asks after each part whether its time is up, and gives up
// its turn only then. Asking costs next to nothing, so it needs no good guess
// at the size of a part: any small one will do.
func sumWithCheckpoint(ctx context.Context, n int) (int, error) {
	s := 0
	for i := 0; i < n; i += 1_000 {
		s += part(i, min(i+1_000, n))
		if err := asyncio.Checkpoint(ctx); err != nil {
			return 0, err
		}
	}
	return s, nil
}

// way is one way to compute the sum.
type way struct {
	name string
	sum  asyncio.Coroutine[int]
}

// cooperate runs the heartbeat and, two seconds apart, each of the ways.
func cooperate(ctx context.Context, w io.Writer, ways ...way) error {
	start := time.Now()
	say := func(text string) {
		fmt.Fprintf(w, "%4.1f s  %s\n", time.Since(start).Seconds(), text)
	}

	heart := asyncio.Go(ctx, func(ctx context.Context) error { return heartbeat(ctx, say) })
	for _, way := range ways {
		if err := asyncio.Sleep(ctx, 2*time.Second); err != nil {
			return err
		}
		say("computing with " + way.name + " ...")
		s, err := way.sum.Await(ctx) // on the loop, in this very task
		if err != nil {
			return err
		}
		say(fmt.Sprintf("... s = %d", s))
	}
	if err := asyncio.Sleep(ctx, 2*time.Second); err != nil {
		return err
	}
	heart.Cancel(nil)
	return nil // Run waits until the heartbeat has ended
}

// heartbeat ticks every half second until it is cancelled.
func heartbeat(ctx context.Context, say func(string)) error {
	for {
		say("tick")
		if err := asyncio.Sleep(ctx, 500*time.Millisecond); err != nil {
			return err // cancelled: every await fails from now on
		}
	}
}
