package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio"
)

// ToThread runs a blocking call, such as a read of a file, in another goroutine. It does not block
// the loop.
func ExampleToThread() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		ticks := asyncio.Go(ctx, func(ctx context.Context) error {
			fmt.Println("tick")
			return asyncio.Sleep(ctx, time.Hour)
		})
		text, err := asyncio.ToThread(ctx, func(ctx context.Context) ([]byte, error) {
			return os.ReadFile("go.mod")
		})
		if err != nil {
			return err
		}
		fmt.Println("read:", len(text) > 0, "ticking on:", ticks.Err() == asyncio.ErrNotDone)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// tick
	// read: true ticking on: true
}

// A computation in a thread checks its ctx: ToThread waits until it returns.
func ExampleToThread_cancel() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		limited, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		_, err := asyncio.ToThread(limited, func(ctx context.Context) (int, error) {
			for n := 0; ; n++ {
				if err := ctx.Err(); err != nil {
					return n, err
				}
			}
		})
		fmt.Println(err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// context deadline exceeded
}

// Options are the last arguments of ToThread.
func ExampleThreadOption() {
	database := []asyncio.ThreadOption{asyncio.Via(asyncio.NewLimiter(2)), asyncio.Abandon()}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		rows, err := asyncio.ToThread(ctx, func(ctx context.Context) (int, error) { return 3, nil }, database...)
		fmt.Println(rows)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 3
}

// A limiter bounds the use of a resource: here two connections.
func ExampleLimiter() {
	connections := asyncio.NewLimiter(2)
	var inUse, most atomic.Int32
	query := asyncio.Proc(func(ctx context.Context) error {
		_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
			n := inUse.Add(1)
			for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
			}
			time.Sleep(time.Millisecond) // the database is busy
			inUse.Add(-1)
			return struct{}{}, nil
		}, asyncio.Via(connections))
		return err
	})

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := asyncio.Gather(ctx, query, query, query, query, query)
		fmt.Println("more than two at once:", most.Load() > 2)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// more than two at once: false
}

// A limiter with one place serializes the calls of a library that is not safe for concurrent use.
func ExampleNewLimiter() {
	one := asyncio.NewLimiter(1)
	page := 0 // belongs to the library
	printPage := func(ctx context.Context, text string) (int, error) {
		return asyncio.ToThread(ctx, func(ctx context.Context) (int, error) {
			page++
			return page, nil
		}, asyncio.Via(one))
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		pages, err := asyncio.Gather(ctx, asyncio.Coro(printPage, "a"), asyncio.Coro(printPage, "b"), asyncio.Coro(printPage, "c"))
		fmt.Println(pages)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [1 2 3]
}

// The limiter of a loop has 512 places. Several loops may share another limiter.
func ExampleVia() {
	disk := asyncio.NewLimiter(1)
	main := func(ctx context.Context) error {
		n, err := asyncio.ToThread(ctx, func(ctx context.Context) (int, error) { return 4096, nil }, asyncio.Via(disk))
		fmt.Println("written:", n)
		return err
	}
	for range 2 {
		if err := asyncio.Run(context.Background(), main); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// written: 4096
	// written: 4096
}

// Abandon returns while a call that cannot be interrupted still runs.
func ExampleAbandon() {
	answer := make(chan string) // a system call that returns when it likes
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		limited, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		_, err := asyncio.ToThread(limited, func(ctx context.Context) (string, error) {
			return <-answer, nil
		}, asyncio.Abandon())
		fmt.Println("left:", errors.Is(err, context.DeadlineExceeded))
		close(answer)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// left: true
}
