package asyncio_test

import (
	"context"
	"fmt"
	"log"

	"github.com/asyncio-go/asyncio"
)

// Convert reports its progress.
var Convert = asyncio.Register("example.convert", func(ctx context.Context, pages int64) (string, error) {
	for page := int64(1); page <= pages; page++ {
		asyncio.Progress(ctx, page, pages, "converting")
	}
	return "done", nil
})

// The first and the last report arrive. Of the others at most ten a second do.
func ExampleProgress() {
	pool := asyncio.NewThreadPool(1)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		text, err := Convert.Call(ctx, pool, 2, asyncio.OnProgress(func(done, total int64, note string) {
			fmt.Println(note, done, "of", total)
		}))
		if err != nil {
			return err
		}
		fmt.Println(text)
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// converting 1 of 2
	// converting 2 of 2
	// done
}

// The callback runs on the loop, so it needs no lock.
func ExampleOnProgress() {
	pool := asyncio.NewThreadPool(1)
	var percent int64
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := Convert.Call(ctx, pool, 40, asyncio.OnProgress(func(done, total int64, _ string) {
			percent = 100 * done / total
		}))
		if err != nil {
			return err
		}
		fmt.Println(percent)
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 100
}

// Options are the last arguments of Call.
func ExampleCallOption() {
	pool := asyncio.NewThreadPool(1)
	opts := []asyncio.CallOption{asyncio.OnProgress(func(done, total int64, _ string) { fmt.Println(done, "/", total) })}
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		if _, err := Convert.Submit(ctx, pool, 1, opts...).Await(ctx); err != nil {
			return err
		}
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 / 1
}

// An executor receives the progress of the function in the worker.
func ExampleWithProgress() {
	ctx := asyncio.WithProgress(context.Background(), func(done, total int64, note string) {
		fmt.Println("to the caller:", done, total, note)
	})
	asyncio.Progress(ctx, 3, 3, "pages")
	// Output:
	// to the caller: 3 3 pages
}
