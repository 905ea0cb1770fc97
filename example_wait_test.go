package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Wait cancels nothing. What is pending is still there to be waited for, or to
// be cancelled.
func ExampleWait() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		keyboard := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) }, asyncio.Name("keyboard"))
		mouse := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Millisecond) }, asyncio.Name("mouse"))

		done, pending, err := asyncio.Wait(ctx, asyncio.FirstCompleted, keyboard, mouse)
		fmt.Println("done:", done[0].Name(), "pending:", pending[0].Name())
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// done: mouse pending: keyboard
}

// With a time-out: what has not ended by then is pending.
func ExampleWait_timeout() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		quick := asyncio.Go(ctx, func(ctx context.Context) error { return nil })
		slow := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
		if err := asyncio.Sleep(ctx, 0); err != nil { // let them begin
			return err
		}

		limited, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		done, pending, err := asyncio.Wait(limited, asyncio.AllCompleted, quick, slow)
		fmt.Println(len(done), len(pending), err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 1 context deadline exceeded
}

// The three conditions on the same set of tasks.
func ExampleWaitUntil() {
	try := func(until asyncio.WaitUntil) error {
		return asyncio.Run(context.Background(), func(ctx context.Context) error {
			good := asyncio.Go(ctx, func(ctx context.Context) error { return nil })
			bad := asyncio.Go(ctx, func(ctx context.Context) error {
				if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
				return errors.New("bad")
			})
			last := asyncio.Go(ctx, func(ctx context.Context) error {
				bad.Await(ctx) // receives its error
				return asyncio.Sleep(ctx, time.Millisecond)
			})
			done, pending, err := asyncio.Wait(ctx, until, good, bad, last)
			fmt.Println(until, len(done), len(pending))
			return err
		})
	}
	for _, until := range []asyncio.WaitUntil{asyncio.FirstCompleted, asyncio.FirstError, asyncio.AllCompleted} {
		if err := try(until); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// FirstCompleted 1 2
	// FirstError 2 1
	// AllCompleted 3 0
}

func ExampleWaitUntil_String() {
	fmt.Println(asyncio.FirstError.String())
	// Output:
	// FirstError
}
