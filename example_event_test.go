package asyncio_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Many wait for one thing to happen.
func ExampleEvent() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var doorsOpen asyncio.Event
		visitor := func(ctx context.Context, name string) (struct{}, error) {
			err := doorsOpen.Wait(ctx)
			fmt.Println(name, "comes in")
			return struct{}{}, err
		}
		doors := func(ctx context.Context, museum string) (struct{}, error) {
			fmt.Println(museum, "opens")
			doorsOpen.Set()
			return struct{}{}, nil
		}
		_, err := asyncio.Gather(ctx, asyncio.Coro(visitor, "Ada"), asyncio.Coro(visitor, "Alan"), asyncio.Coro(doors, "the museum"))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// the museum opens
	// Ada comes in
	// Alan comes in
}

func ExampleEvent_Wait() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var ready asyncio.Event
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		fmt.Println("not set:", ready.Wait(limited))
		ready.Set()
		fmt.Println("set:", ready.Wait(ctx))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// not set: context deadline exceeded
	// set: <nil>
}

// Set wakes all who wait, even if the flag is cleared before they run.
func ExampleEvent_Set() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var bell asyncio.Event
		sleeper := asyncio.Go(ctx, func(ctx context.Context) error {
			err := bell.Wait(ctx)
			fmt.Println("woken, and the bell rings:", bell.IsSet())
			return err
		})
		if err := asyncio.Sleep(ctx, 0); err != nil { // let it fall asleep
			return err
		}
		bell.Set()
		bell.Clear()
		_, err := sleeper.Await(ctx)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// woken, and the bell rings: false
}

// A cleared event is waited for again: here it stands for "not paused".
func ExampleEvent_Clear() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var running asyncio.Event
		running.Set()
		player := asyncio.Go(ctx, func(ctx context.Context) error {
			for frame := range 4 {
				if err := running.Wait(ctx); err != nil {
					return err
				}
				fmt.Println("frame", frame)
				if frame == 1 {
					running.Clear() // the user pauses
					asyncio.LoopOf(ctx).CallLater(time.Millisecond, func() {
						fmt.Println("resumed")
						running.Set()
					})
				}
			}
			return nil
		})
		_, err := player.Await(ctx)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// frame 0
	// frame 1
	// resumed
	// frame 2
	// frame 3
}

func ExampleEvent_IsSet() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var configured asyncio.Event
		fmt.Println(configured.IsSet())
		configured.Set()
		fmt.Println(configured.IsSet())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// false
	// true
}
