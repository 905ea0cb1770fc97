package asyncio_test

import (
	"context"
	"fmt"
	"log"

	"github.com/asyncio-go/asyncio"
)

// Notify wakes those who have waited longest: one bed, one guest.
func ExampleCondition_Notify() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		bedFree := asyncio.NewCondition(nil)
		beds := 0
		guest := func(ctx context.Context, name string) (struct{}, error) {
			if err := bedFree.L.Acquire(ctx); err != nil {
				return struct{}{}, err
			}
			defer bedFree.L.Release()
			err := bedFree.WaitFor(ctx, func() bool { return beds > 0 })
			beds--
			fmt.Println(name, "sleeps")
			return struct{}{}, err
		}
		host := func(ctx context.Context, _ string) (struct{}, error) {
			if err := bedFree.L.Acquire(ctx); err != nil {
				return struct{}{}, err
			}
			defer bedFree.L.Release()
			beds = 2
			bedFree.Notify(2)
			return struct{}{}, nil
		}
		_, err := asyncio.Gather(ctx, asyncio.Coro(guest, "Ada"), asyncio.Coro(guest, "Alan"), asyncio.Coro(host, ""))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// Ada sleeps
	// Alan sleeps
}

func ExampleCondition_NotifyAll() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			started := asyncio.NewCondition(nil)
			running := false
			for _, runner := range []string{"Ada", "Alan", "Grace"} {
				asyncio.Go(ctx, func(ctx context.Context) error {
					if err := started.L.Acquire(ctx); err != nil {
						return err
					}
					defer started.L.Release()
					err := started.WaitFor(ctx, func() bool { return running })
					fmt.Println(runner, "runs")
					return err
				})
			}
			if err := asyncio.Sleep(ctx, 0); err != nil { // on your marks
				return err
			}
			if err := started.L.Acquire(ctx); err != nil {
				return err
			}
			defer started.L.Release()
			running = true
			started.NotifyAll()
			return nil
		})
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// Ada runs
	// Alan runs
	// Grace runs
}
