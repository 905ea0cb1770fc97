// Choosing measures, on this machine, what each kind of work does to the loop
// and which remedy helps, and prints the result as a table.
//
//	go run ./basics/choosing
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

func main() {
	procpool.Main() // a worker process goes no further

	steps := flag.Uint("n", 0, "steps of the computation (0: as many as take half a second here)")
	flag.Parse()
	n := int(*steps)
	if n == 0 {
		n = calibrate(500 * time.Millisecond)
	}
	fmt.Printf("%d processors; a computation of %d steps; measuring ...\n\n", runtime.GOMAXPROCS(0), n)

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		pool, err := procpool.New(procpool.Options{Workers: many, Nice: nice})
		if err != nil {
			return err
		}
		return errors.Join(compare(ctx, n, pool), pool.Close(ctx))
	})
	if err != nil {
		log.Fatal(err)
	}
}

// compare measures every choice and prints the table.
func compare(ctx context.Context, n int, pool asyncio.Executor) error {
	var results []result
	for _, c := range append(choices(n, pool), native(n)...) {
		r, err := measure(ctx, c)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	return table(os.Stdout, results)
}

// choice is one kind of work and one way to do it.
type choice struct {
	work, remedy string
	run          asyncio.Coroutine[int]
}

// many is how many computations at once are many for this machine.
var many = 8 * runtime.GOMAXPROCS(0)

// nice makes the worker processes stand back, so that the loop goes first.
// Windows knows no such number.
var nice = func() int {
	if runtime.GOOS == "windows" {
		return 0
	}
	return 10
}()

// choices are the rows of the table, but for those of native.
func choices(n int, pool asyncio.Executor) []choice {
	inCoroutine := func(context.Context) (int, error) { return sum(0, n), nil }
	inThread := func(ctx context.Context) (int, error) {
		return asyncio.ToThread(ctx, inCoroutine)
	}
	inProcess := asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
		return Sum.Call(ctx, pool, [2]int{0, n})
	})
	// The same sum in as many parts, all of them computed at once.
	threads := manyAtOnce(n, func(ctx context.Context, part [2]int) (int, error) {
		return asyncio.ToThread(ctx, func(ctx context.Context) (int, error) { return sumOf(ctx, part) })
	})
	processes := manyAtOnce(n, func(ctx context.Context, part [2]int) (int, error) {
		return Sum.Call(ctx, pool, part)
	})
	sleep := func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) }

	return []choice{
		{"1,000 waits of 1 s (I/O)", "the loop alone", waits(1_000, time.Second)},
		{"a computation that blocks", "none", inCoroutine},
		{"a computation that blocks", "ToThread", inThread},
		{"a computation that blocks", "a process", inProcess},
		{"many computations at once", "ToThread each", threads},
		{"many computations at once", "a process each", processes},
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
