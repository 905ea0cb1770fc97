package asyncio_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Recv takes what another goroutine sends, until the channel is closed.
func ExampleRecv() {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for _, line := range []string{"GET /", "GET /favicon.ico"} {
			lines <- line
		}
	}()

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		for {
			line, ok, err := asyncio.Recv(ctx, lines)
			if err != nil || !ok {
				return err
			}
			fmt.Println(line)
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// GET /
	// GET /favicon.ico
}

// A time-out, and no value is lost to it.
func ExampleRecv_timeout() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		prices := make(chan int, 1)
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, _, err := asyncio.Recv(limited, prices)
		fmt.Println(err)

		prices <- 12
		price, _, err := asyncio.Recv(ctx, prices)
		fmt.Println(price)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// context deadline exceeded
	// 12
}

// Several channels at once are a select in a thread.
func ExampleRecv_select() {
	type event struct{ source, text string }
	keys, signals := make(chan string, 1), make(chan os.Signal, 1)
	next := func(ctx context.Context) (event, error) {
		return asyncio.ToThread(ctx, func(ctx context.Context) (event, error) {
			select {
			case key := <-keys:
				return event{"key", key}, nil
			case s := <-signals:
				return event{"signal", s.String()}, nil
			case <-ctx.Done():
				return event{}, ctx.Err()
			}
		})
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		keys <- "q"
		fmt.Println(next(ctx))
		signals <- os.Interrupt
		fmt.Println(next(ctx))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// {key q} <nil>
	// {signal interrupt} <nil>
}

// Send hands a value to a goroutine that is not on the loop, when it is ready
// for it.
func ExampleSend() {
	jobs := make(chan int)
	sum := make(chan int)
	go func() {
		total := 0
		for n := range jobs {
			total += n
		}
		sum <- total
	}()

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		for n := range 5 {
			if err := asyncio.Send(ctx, jobs, n); err != nil {
				return err
			}
		}
		close(jobs)
		total, _, err := asyncio.Recv(ctx, sum)
		fmt.Println(total)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 10
}
