// Choosing measures, on this machine, what each kind of work does to the loop
// and which remedy helps, and prints the result as a table.
//
//	go run ./basics/choosing
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/asyncio-go/asyncio"
)

func main() {
	steps := flag.Uint("n", 0, "steps of the computation (0: as many as take half a second here)")
	flag.Parse()
	n := int(*steps)
	if n == 0 {
		n = calibrate(500 * time.Millisecond)
	}
	fmt.Printf("%d processors; a computation of %d steps; measuring ...\n\n", runtime.GOMAXPROCS(0), n)

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var results []result
		for _, c := range append(choices(n), native(n)...) {
			r, err := measure(ctx, c)
			if err != nil {
				return err
			}
			results = append(results, r)
		}
		return table(os.Stdout, results)
	})
	if err != nil {
		log.Fatal(err)
	}
}

// choice is one kind of work and one way to do it.
type choice struct {
	work, remedy string
	run          asyncio.Coroutine[int]
}

// choices are the rows of the table, but for those of native.
func choices(n int) []choice {
	inCoroutine := func(context.Context) (int, error) { return sum(0, n), nil }
	inThread := func(ctx context.Context) (int, error) {
		return asyncio.ToThread(ctx, inCoroutine)
	}
	oneForEachProcessor := func(ctx context.Context) (int, error) {
		var all []asyncio.Coroutine[int]
		for range runtime.GOMAXPROCS(0) {
			all = append(all, inThread)
		}
		_, err := asyncio.Gather(ctx, all...)
		return 0, err
	}
	sleep := func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) }

	return []choice{
		{"1,000 waits of 1 s (I/O)", "the loop alone", waits(1_000, time.Second)},
		{"a computation that blocks", "none", inCoroutine},
		{"a computation that blocks", "ToThread", inThread},
		{"one for each processor", "ToThread each", oneForEachProcessor},
		{"an algorithm of your own", "Sleep(ctx, 0) each 100,000 steps", inParts(n, 100_000, sleep)},
		{"an algorithm of your own", "Checkpoint each 1,000 steps", inParts(n, 1_000, asyncio.Checkpoint)},
	}
}

// result is what measure found out about a choice.
type result struct {
	choice
	took  time.Duration // from start to result
	delay time.Duration // how late a tick was, at worst
}

// verdict puts the delay into words.
func (r result) verdict() string {
	switch {
	case r.delay < 100*time.Millisecond: // short enough that nobody notices
		return "the loop breathes"
	case r.delay < r.took/2: // others compete for the processors
		return "the loop is slow"
	default:
		return "THE LOOP STANDS STILL"
	}
}

// beat is the time between two ticks of the heartbeat that measures the delay.
const beat = 10 * time.Millisecond

// measure runs the choice beside a heartbeat and notes how late a tick came at worst.
func measure(ctx context.Context, c choice) (result, error) {
	start := time.Now()
	last, worst := start, time.Duration(0)
	tick := func() {
		now := time.Now()
		worst = max(worst, now.Sub(last)-beat)
		last = now
	}
	heart := asyncio.Go(ctx, func(ctx context.Context) error {
		for {
			if err := asyncio.Sleep(ctx, beat); err != nil {
				return err
			}
			tick()
		}
	})
	defer heart.Cancel(nil)

	if _, err := c.run.Await(ctx); err != nil {
		return result{}, fmt.Errorf("%s, %s: %w", c.work, c.remedy, err)
	}
	tick() // counts the silence up to now, where the heartbeat has had no turn at all
	return result{c, time.Since(start), worst}, nil
}

// table prints the results.
func table(w io.Writer, results []result) error {
	out := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(out, "work\tremedy\ttook\tworst delay\tverdict")
	for _, r := range results {
		fmt.Fprintf(out, "%s\t%s\t%.2f s\t%.1f ms\t%s\n", r.work, r.remedy,
			r.took.Seconds(), float64(r.delay)/float64(time.Millisecond), r.verdict())
	}
	fmt.Fprintf(out, "\nworst delay: how late everything else on the loop was, measured with a tick due every %v\n", beat)
	return out.Flush()
}
