// Thread is the first remedy for a computation that blocks the loop: ToThread
// runs it on a thread of its own, and the heartbeat goes on.
//
//	go run ./basics/thread
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
		return thread(ctx, os.Stdout, func() int { return sum(int(*n)) })
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

// thread runs the heartbeat and, two seconds later, the heavy computation.
func thread(ctx context.Context, w io.Writer, heavy func() int) error {
	start := time.Now()
	say := func(text string) {
		fmt.Fprintf(w, "%4.1f s  %s\n", time.Since(start).Seconds(), text)
	}

	heart := asyncio.Go(ctx, func(ctx context.Context) error { return heartbeat(ctx, say) })
	if err := asyncio.Sleep(ctx, 2*time.Second); err != nil {
		return err
	}

	say("computing in a thread ...")
	// The function runs outside the loop, in parallel with it: Go has no lock
	// around its interpreter. So it must not touch what the tasks share, say()
	// included. It takes what it needs and returns what it found.
	s, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { return heavy(), nil })
	if err != nil {
		return err
	}
	say(fmt.Sprintf("... s = %d", s)) // back on the loop

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
