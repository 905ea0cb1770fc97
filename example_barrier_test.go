package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The simulation of two halves goes on in step.
func ExampleBarrier() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		step := asyncio.NewBarrier(2)
		half := func(ctx context.Context, name string) (struct{}, error) {
			for n := range 2 {
				if name == "left" { // takes longer
					if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
						return struct{}{}, err
					}
				}
				index, err := step.Wait(ctx)
				if err != nil {
					return struct{}{}, err
				}
				if index == 0 { // one of them tells
					fmt.Println("step", n, "done")
				}
			}
			return struct{}{}, nil
		}
		_, err := asyncio.Gather(ctx, asyncio.Coro(half, "left"), asyncio.Coro(half, "right"))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// step 0 done
	// step 1 done
}

func ExampleNewBarrier() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		alone := asyncio.NewBarrier(1)
		fmt.Println(alone.Wait(ctx))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 <nil>
}

// Each gets a number of its own, in order of arrival.
func ExampleBarrier_Wait() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		crew := asyncio.NewBarrier(3)
		seats, err := asyncio.Gather(ctx, asyncio.Coroutine[int](crew.Wait), asyncio.Coroutine[int](crew.Wait), asyncio.Coroutine[int](crew.Wait))
		fmt.Println(seats)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [0 1 2]
}

// Abort sends home those who wait and those who come.
func ExampleBarrier_Abort() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		start := asyncio.NewBarrier(2)
		waiting := asyncio.CreateTask(ctx, start.Wait)
		if err := asyncio.Sleep(ctx, 0); err != nil { // let it come
			return err
		}
		start.Abort()
		_, err := waiting.Await(ctx)
		fmt.Println(errors.Is(err, asyncio.ErrBarrierBroken))
		_, err = start.Wait(ctx)
		fmt.Println(err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
	// asyncio: barrier broken
}

func ExampleBarrier_Broken() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		start := asyncio.NewBarrier(2)
		start.Abort()
		fmt.Println(start.Broken())
		start.Reset()
		fmt.Println(start.Broken())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
	// false
}

// Reset sends home those who wait, and the barrier is as new.
func ExampleBarrier_Reset() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		round := asyncio.NewBarrier(2)
		early := asyncio.CreateTask(ctx, round.Wait)
		if err := asyncio.Sleep(ctx, 0); err != nil { // let it come
			return err
		}
		round.Reset()
		_, err := early.Await(ctx)
		fmt.Println("early:", err)

		pair, err := asyncio.Gather(ctx, asyncio.Coroutine[int](round.Wait), asyncio.Coroutine[int](round.Wait))
		fmt.Println("next round:", pair)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// early: asyncio: barrier broken
	// next round: [0 1]
}

func ExampleBarrier_Parties() {
	fmt.Println(asyncio.NewBarrier(4).Parties())
	// Output:
	// 4
}

func ExampleBarrier_Waiting() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		lift := asyncio.NewBarrier(4)
		asyncio.CreateTask(ctx, lift.Wait)
		asyncio.CreateTask(ctx, lift.Wait)
		if err := asyncio.Sleep(ctx, 0); err != nil { // let them come
			return err
		}
		fmt.Println(lift.Waiting(), "of", lift.Parties())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 of 4
}
