// Blocking shows the one thing never to do in a coroutine: compute for long
// without an await. A heartbeat ticks every half second, until the computation
// begins; then everything stands still.
//
//	go run ./basics/blocking
//
// Its neighbours thread, processes and cooperative are the remedies.
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
		return block(ctx, os.Stdout, func() int { return sum(int(*n)) })
	})
	if err != nil {
		log.Fatal(err)
	}
}

// sum is the computation: some two seconds of pure arithmetic, and no await.
func sum(n int) int {
	s := 0
	for i := range n {
		s += (i % 7) * (i % 13)
	}
	return s
}

// block runs the heartbeat and, two seconds later, the heavy computation.
func block(ctx context.Context, w io.Writer, heavy func() int) error {
	start := time.Now()
	say := func(text string) {
		fmt.Fprintf(w, "%4.1f s  %s\n", time.Since(start).Seconds(), text)
	}

	heart := asyncio.Go(ctx, func(ctx context.Context) error { return heartbeat(ctx, say) })
	if err := asyncio.Sleep(ctx, 2*time.Second); err != nil {
		return err
	}

	say("computing in the coroutine ...")
	s := heavy() // the mistake: no task of this loop runs before it returns
	say(fmt.Sprintf("... s = %d", s))

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
