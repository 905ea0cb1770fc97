package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Endless computes until its ctx ends.
var Endless = asyncio.Register("example.endless", func(ctx context.Context, n int) (int, error) {
	for ctx.Err() == nil {
		n++
	}
	return 0, context.Cause(ctx)
})

// The functions of a pool do not block the loop.
func ExampleThreadPool() {
	pool := asyncio.NewThreadPool(2)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		computing := Endless.Submit(ctx, pool, 0)
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		fmt.Println("the loop is free")
		computing.Cancel(nil)
		_, err := computing.Await(ctx)
		fmt.Println("cancelled:", errors.Is(err, asyncio.ErrTaskCancelled))
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// the loop is free
	// cancelled: true
}

func ExampleNewThreadPool() {
	pool := asyncio.NewThreadPool(4)
	fmt.Println(pool.Workers())
	// Output:
	// 4
}

func ExampleThreadPool_Workers() {
	fmt.Println(asyncio.NewThreadPool(3).Workers())
	// Output:
	// 3
}

// The functions run in this process: arguments are not encoded.
func ExampleThreadPool_Local() {
	fmt.Println(asyncio.NewThreadPool(1).Local())
	// Output:
	// true
}

// Call, Submit and Map call Start of the executor.
func ExampleThreadPool_Start() {
	pool := asyncio.NewThreadPool(1)
	err := pool.Start(context.Background(), new(asyncio.Call))
	fmt.Println(errors.Is(err, asyncio.ErrNoLoop))
	// Output:
	// true
}

// Close waits for the running functions. When its ctx ends, it cancels them.
func ExampleThreadPool_Close() {
	pool := asyncio.NewThreadPool(1)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		computing := Endless.Submit(ctx, pool, 0)
		if err := asyncio.Sleep(ctx, 0); err != nil { // it starts
			return err
		}
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		fmt.Println(pool.Close(limited))
		_, err := computing.Await(ctx)
		fmt.Println(errors.Is(err, asyncio.ErrExecutorClosed))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// asyncio: ThreadPool.Close: 1 functions were cancelled and still run: context deadline exceeded
	// true
}
