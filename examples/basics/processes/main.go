// Processes is the remedy for long, heavy work: the computation runs in another
// process, and the heartbeat goes on. A process can be killed, given a limit of
// memory and made to go last (nice), and its end is not the program's.
//
//	go run ./basics/processes
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

func main() {
	// The workers of the pool are this program, started again: in a worker Main
	// serves calls and never returns, here it returns at once.
	procpool.Main()

	n := flag.Uint("n", 1_000_000_000, "steps of the computation")
	flag.Parse()

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		pool, err := procpool.New(procpool.Options{})
		if err != nil {
			return err
		}
		// asyncio.NewThreadPool(2) in the place of pool would compute on
		// goroutines: the remedy is an argument.
		err = processes(ctx, os.Stdout, func(ctx context.Context) (int, error) { return Sum.Call(ctx, pool, int(*n)) })
		return errors.Join(err, pool.Close(ctx))
	})
	if err != nil {
		log.Fatal(err)
	}
}

// Sum is the computation as something to call in another process. It has a name
// there, because a closure cannot travel; its argument and result do.
var Sum = asyncio.Register("basics.sum", sum)

// sum takes some two seconds of pure arithmetic, with no await.
func sum(_ context.Context, n int) (int, error) {
	s := 0
	for i := range n {
		s += (i % 7) * (i % 13)
	}
	return s, nil
}

// processes runs the heartbeat and, two seconds later, the heavy computation.
func processes(ctx context.Context, w io.Writer, heavy asyncio.Coroutine[int]) error {
	start := time.Now()
	say := func(text string) {
		fmt.Fprintf(w, "%4.1f s  %s\n", time.Since(start).Seconds(), text)
	}

	heart := asyncio.Go(ctx, func(ctx context.Context) error { return heartbeat(ctx, say) })
	if err := asyncio.Sleep(ctx, 2*time.Second); err != nil {
		return err
	}

	say("computing in a process ...")
	s, err := heavy(ctx) // an await, like any other: nothing here is shared with the worker
	if err != nil {
		return err
	}
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
