package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A server stops in order: it takes no more jobs, finishes those it has, and
// cancels what has not ended in time.
func Example_gracefulShutdown() {
	// In a program, Ctrl-C cancels this ctx; a second one, after stop, kills.
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	interrupted, ctrlC := context.WithCancel(interrupted) // stands in for the user
	defer ctrlC()

	// Work is not cancelled by the signal: main decides what to do about it.
	err := asyncio.Run(context.WithoutCancel(interrupted), func(ctx context.Context) error {
		jobs := asyncio.NewQueue[time.Duration](0)
		worker := asyncio.Go(ctx, func(ctx context.Context) error {
			for job := range jobs.All(ctx) {
				if err := asyncio.Sleep(ctx, job); err != nil {
					fmt.Println("a job of", job, "was cut short")
					return err
				}
				fmt.Println("a job of", job, "is done")
			}
			return ctx.Err()
		})
		for _, job := range []time.Duration{time.Millisecond, 2 * time.Millisecond, time.Hour} {
			if err := jobs.Put(ctx, job); err != nil {
				return err
			}
		}

		ctrlC()
		if _, _, err := asyncio.Recv(ctx, interrupted.Done()); err != nil {
			return err
		}
		stop()

		fmt.Println("1. take no more")
		jobs.Shutdown(false)
		fmt.Println("2. drain")
		_, err := asyncio.WaitFor(ctx, 500*time.Millisecond, worker)
		if errors.Is(err, context.DeadlineExceeded) {
			fmt.Println("3. cancel")
			worker.Cancel(errors.New("the time to shut down is up"))
			worker.Await(ctx)
		}
		return nil
	})
	fmt.Println("bye:", err)
	// Output:
	// 1. take no more
	// 2. drain
	// a job of 1ms is done
	// a job of 2ms is done
	// 3. cancel
	// a job of 1h0m0s was cut short
	// bye: <nil>
}
