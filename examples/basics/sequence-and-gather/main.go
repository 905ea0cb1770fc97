// Sequence-and-gather does three jobs of two seconds each, first one after the
// other, then all at once.
//
//	go run ./basics/sequence-and-gather
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
		if err := inSequence(ctx, os.Stdout); err != nil {
			return err
		}
		return gathered(ctx, os.Stdout)
	})
	if err != nil {
		log.Fatal(err)
	}
}

// inSequence awaits each job before it starts the next: the waits add up.
func inSequence(ctx context.Context, w io.Writer) error {
	fmt.Fprintln(w, "in sequence")
	clock := newStopwatch(w)
	for _, name := range []string{"A", "B", "C"} {
		if _, err := clock.job(ctx, name); err != nil {
			return err
		}
	}
	clock.say("three jobs done")
	return nil
}

// gathered hands all three to Gather, which starts them together and returns
// when the last has ended: the waits overlap, so it takes as long as the longest.
func gathered(ctx context.Context, w io.Writer) error {
	fmt.Fprintln(w, "gathered")
	clock := newStopwatch(w)
	// Coro(f, x) is the call f(ctx, x), not made yet.
	results, err := asyncio.Gather(ctx,
		asyncio.Coro(clock.job, "A"),
		asyncio.Coro(clock.job, "B"),
		asyncio.Coro(clock.job, "C"),
	)
	if err != nil {
		return err
	}
	clock.say(fmt.Sprint("three jobs done: ", results)) // in the order of the arguments
	return nil
}

// stopwatch writes lines that begin with the seconds since it was made.
type stopwatch struct {
	w     io.Writer
	start time.Time
}

func newStopwatch(w io.Writer) stopwatch { return stopwatch{w, time.Now()} }

func (s stopwatch) say(text string) {
	fmt.Fprintf(s.w, "%5.1f s  %s\n", time.Since(s.start).Seconds(), text)
}

// job waits two seconds, as if for the answer of a server.
func (s stopwatch) job(ctx context.Context, name string) (string, error) {
	s.say(name + " starts")
	if err := asyncio.Sleep(ctx, 2*time.Second); err != nil {
		return "", err
	}
	s.say(name + " ends")
	return "result of " + name, nil
}
