package asyncio_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// At most two requests at a time, however many there are.
func ExampleSemaphore() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		slots := asyncio.NewSemaphore(2)
		inUse, most := 0, 0
		fetch := func(ctx context.Context, page int) (int, error) {
			if err := slots.Acquire(ctx); err != nil {
				return 0, err
			}
			defer slots.Release()
			inUse++
			defer func() { inUse-- }()
			most = max(most, inUse)
			return 200, asyncio.Sleep(ctx, time.Millisecond)
		}
		pages := make([]asyncio.Coroutine[int], 10)
		for i := range pages {
			pages[i] = asyncio.Coro(fetch, i)
		}
		all, err := asyncio.Gather(ctx, pages...)
		fmt.Println(len(all), "pages, at most", most, "at a time")
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 10 pages, at most 2 at a time
}

func ExampleNewSemaphore() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		desks := asyncio.NewSemaphore(3)
		taken := 0
		for desks.TryAcquire() {
			taken++
		}
		fmt.Println(taken)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 3
}

// Who waits is served in order.
func ExampleSemaphore_Acquire() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		table := asyncio.NewSemaphore(1)
		dine := func(ctx context.Context, guest string) (struct{}, error) {
			if err := table.Acquire(ctx); err != nil {
				return struct{}{}, err
			}
			defer table.Release()
			fmt.Println(guest, "dines")
			return struct{}{}, asyncio.Sleep(ctx, time.Millisecond)
		}
		_, err := asyncio.Gather(ctx, asyncio.Coro(dine, "Ada"), asyncio.Coro(dine, "Alan"), asyncio.Coro(dine, "Grace"))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// Ada dines
	// Alan dines
	// Grace dines
}

// Work that may be left out is left out while the permits are taken.
func ExampleSemaphore_TryAcquire() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		busy := asyncio.NewSemaphore(1)
		serve := func() string {
			if !busy.TryAcquire() {
				return "503 try later"
			}
			return "200 here you are"
		}
		fmt.Println(serve())
		fmt.Println(serve())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 200 here you are
	// 503 try later
}

// More releases than permits are a mistake that is told.
func ExampleSemaphore_Release() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		slots := asyncio.NewSemaphore(2)
		if err := slots.Acquire(ctx); err != nil {
			return err
		}
		slots.Release()
		defer func() { fmt.Println(recover()) }()
		slots.Release()
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// asyncio: Semaphore.Release: all 2 permits are free already
}
