package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Cancellation is a state: every await fails from then on. Clean-up that awaits
// takes the cancellation off its ctx.
func Example_cleanUp() {
	session := func(ctx context.Context) error {
		defer func() {
			fmt.Println("with ctx:", asyncio.Sleep(ctx, time.Millisecond))
			fmt.Println("without cancel:", asyncio.Sleep(context.WithoutCancel(ctx), time.Millisecond))
		}()
		return asyncio.Sleep(ctx, time.Hour)
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		task := asyncio.Go(ctx, session)
		if err := asyncio.Sleep(ctx, 0); err != nil { // let it begin
			return err
		}
		task.Cancel(nil)
		task.Await(ctx)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// with ctx: context canceled
	// without cancel: <nil>
}

// What has to be finished once it has begun is a task of its own, without the
// cancellation of the caller. The caller may leave; the owner waits for the task.
func Example_shield() {
	pay := func(ctx context.Context) (string, error) {
		fmt.Println("paying")
		if err := asyncio.Sleep(ctx, 100*time.Millisecond); err != nil {
			return "", err
		}
		fmt.Println("paid")
		return "receipt", nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			payment := asyncio.CreateTask(context.WithoutCancel(ctx), pay)
			if err := asyncio.Sleep(ctx, 0); err != nil { // let it begin
				return err
			}
			limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
			defer cancel()
			_, err := payment.Await(limited)
			fmt.Println("caller:", err)
			return nil
		})
		fmt.Println("group ended")
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// paying
	// caller: context deadline exceeded
	// paid
	// group ended
}

// A cause says why; it travels with the ctx, to package context and back.
func Example_cause() {
	errShutdown := errors.New("server shuts down")

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(errShutdown)
		err := asyncio.Sleep(ctx, time.Hour)
		fmt.Println(err, "/", context.Cause(ctx))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// context canceled / server shuts down
}
