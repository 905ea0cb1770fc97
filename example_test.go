package asyncio_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Three pages are fetched together: the whole takes as long as the slowest.
func Example() {
	fetch := func(ctx context.Context, page int) (string, error) {
		if err := asyncio.Sleep(ctx, 10*time.Millisecond); err != nil { // a slow API
			return "", err
		}
		return fmt.Sprint("page ", page), nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		pages, err := asyncio.Gather(ctx, asyncio.Coro(fetch, 1), asyncio.Coro(fetch, 2), asyncio.Coro(fetch, 3))
		for _, page := range pages {
			fmt.Println(page)
		}
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// page 1
	// page 2
	// page 3
}

// Many tasks change the same map. Nothing can come between two awaits, so there
// is no lock.
func Example_sharedState() {
	stock := map[string]int{"apple": 3}
	buy := func(ctx context.Context, item string) (bool, error) {
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil { // the payment
			return false, err
		}
		if stock[item] == 0 {
			return false, nil
		}
		stock[item]--
		return true, nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		buyers := make([]asyncio.Coroutine[bool], 1000)
		for i := range buyers {
			buyers[i] = asyncio.Coro(buy, "apple")
		}
		got, err := asyncio.Gather(ctx, buyers...)
		sold := 0
		for _, ok := range got {
			if ok {
				sold++
			}
		}
		fmt.Println("sold:", sold, "left:", stock["apple"])
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// sold: 3 left: 0
}

// Values that belong to a task are ordinary values of its ctx: the tasks that it
// creates and the functions that it moves to a thread have them too.
func Example_taskLocalValues() {
	type requestKey struct{}
	logf := func(ctx context.Context, msg string) {
		fmt.Printf("[request %v] %s\n", ctx.Value(requestKey{}), msg)
	}
	handle := func(ctx context.Context, id int) (struct{}, error) {
		ctx = context.WithValue(ctx, requestKey{}, id)
		logf(ctx, "handler")
		child := asyncio.Go(ctx, func(ctx context.Context) error {
			logf(ctx, "child task")
			return nil
		})
		if _, err := child.Await(ctx); err != nil {
			return struct{}{}, err
		}
		return asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
			logf(ctx, "thread")
			return struct{}{}, nil
		})
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		for id := range 2 {
			if _, err := handle(ctx, id+1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [request 1] handler
	// [request 1] child task
	// [request 1] thread
	// [request 2] handler
	// [request 2] child task
	// [request 2] thread
}
