package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Everything that is done with the ctx is under the time-out.
func ExampleWithTimeout() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		limited, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		for block := 1; ; block++ {
			if err := asyncio.Sleep(limited, time.Hour); err != nil { // read a block
				fmt.Println("block", block, err)
				break
			}
		}
		fmt.Println("main:", ctx.Err())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// block 1 context deadline exceeded
	// main: <nil>
}

// Clean-up after a time-out uses the ctx without it; clean-up after any
// cancellation uses context.WithoutCancel.
func ExampleWithTimeout_cleanUp() {
	work := func(ctx context.Context) error {
		defer func() {
			rest, cancel := asyncio.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			fmt.Println("rolled back:", asyncio.Sleep(rest, time.Millisecond))
		}()
		return asyncio.Sleep(ctx, time.Hour)
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		limited, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		fmt.Println(work(limited))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// rolled back: <nil>
	// context deadline exceeded
}

// One deadline for several calls in a row.
func ExampleWithDeadline() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		closing := asyncio.LoopOf(ctx).Now().Add(5 * time.Millisecond)
		ctx, cancel := asyncio.WithDeadline(ctx, closing)
		defer cancel()
		at, ok := ctx.Deadline()
		fmt.Println(at.Equal(closing), ok)
		fmt.Println("customer 1:", asyncio.Sleep(ctx, time.Hour))
		fmt.Println("customer 2:", asyncio.Sleep(ctx, time.Hour))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true true
	// customer 1: context deadline exceeded
	// customer 2: context deadline exceeded
}

// A coroutine is cancelled when its time is up.
func ExampleWaitFor() {
	answer := asyncio.Coroutine[string](func(ctx context.Context) (string, error) {
		return "never", asyncio.Sleep(ctx, time.Hour)
	})

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := asyncio.WaitFor(ctx, 5*time.Millisecond, answer)
		fmt.Println(err, errors.Is(err, context.DeadlineExceeded))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// context deadline exceeded true
}

// A task is not cancelled: one can wait for it again.
func ExampleWaitFor_task() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var door asyncio.Event
		visitor := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			return "Ada", door.Wait(ctx)
		})
		_, err := asyncio.WaitFor(ctx, time.Millisecond, visitor)
		fmt.Println("still outside:", err)

		door.Set()
		name, err := asyncio.WaitFor(ctx, time.Minute, visitor)
		fmt.Println("came in:", name)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// still outside: context deadline exceeded
	// came in: Ada
}
