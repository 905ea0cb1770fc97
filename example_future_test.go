package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A device answers by callbacks. A future for each question turns them into
// calls that return.
func ExampleFuture() {
	type question struct {
		id   int
		text string
	}
	waiting := map[int]*asyncio.Future[string]{}
	onAnswer := func(id int, text string) { waiting[id].SetResult(text) }

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		ask := func(ctx context.Context, q question) (string, error) {
			answer := asyncio.NewFuture[string](ctx)
			waiting[q.id] = answer
			defer delete(waiting, q.id)
			return answer.Await(ctx)
		}
		loop := asyncio.LoopOf(ctx)
		loop.CallLater(2*time.Millisecond, func() { onAnswer(2, "open") }) // the device is in no hurry
		loop.CallLater(3*time.Millisecond, func() { onAnswer(1, "21 degrees") })

		answers, err := asyncio.Gather(ctx,
			asyncio.Coro(ask, question{1, "temperature?"}),
			asyncio.Coro(ask, question{2, "valve?"}))
		fmt.Println(answers, "still waiting:", len(waiting))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [21 degrees open] still waiting: 0
}

// A future belongs to the loop of the ctx, and can be set by any goroutine.
func ExampleNewFuture() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		ready := asyncio.NewFuture[string](ctx)
		go func() { // some library's own goroutine
			time.Sleep(time.Millisecond)
			ready.SetResult("index built")
		}()
		state, err := ready.Await(ctx)
		fmt.Println(state)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// index built
}

// Who waits no longer does not cancel the future: others may still wait.
func ExampleFuture_Await() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		price := asyncio.NewFuture[int](ctx)

		hurried, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, err := price.Await(hurried)
		fmt.Println("hurried:", err)

		price.SetResult(12)
		n, err := price.Await(ctx)
		fmt.Println("patient:", n)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// hurried: context deadline exceeded
	// patient: 12
}

func ExampleFuture_Cancel() {
	errHungUp := errors.New("the other side hung up")

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		answer := asyncio.NewFuture[string](ctx)
		fmt.Println(answer.Cancel(errHungUp), answer.SetResult("too late"))
		_, err := answer.Await(ctx)
		fmt.Println(errors.Is(err, asyncio.ErrTaskCancelled), errors.Is(err, errHungUp))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true false
	// true true
}

// Done is for a select in an ordinary goroutine.
func ExampleFuture_Done() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		configured := asyncio.NewFuture[int](ctx)
		started := make(chan int)
		go func() {
			<-configured.Done()
			port, _ := configured.Result()
			started <- port
		}()
		configured.SetResult(8080)
		port, _, err := asyncio.Recv(ctx, started)
		fmt.Println("listening on", port)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// listening on 8080
}

func ExampleFuture_Err() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		login := asyncio.NewFuture[string](ctx)
		fmt.Println(login.Err() == asyncio.ErrNotDone)
		login.SetError(errors.New("wrong password"))
		fmt.Println(login.Err())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
	// wrong password
}

// Callbacks are never run inline: what settles a future goes on first.
func ExampleFuture_OnDone() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		ready := asyncio.NewFuture[bool](ctx)
		ready.OnDone(func() { fmt.Println("first callback") })
		ready.OnDone(func() { fmt.Println("second callback") })
		ready.SetResult(true)
		fmt.Println("set")
		return asyncio.Sleep(ctx, 0)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// set
	// first callback
	// second callback
}

func ExampleFuture_Result() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		cached := asyncio.NewFuture[string](ctx)
		if _, err := cached.Result(); errors.Is(err, asyncio.ErrNotDone) {
			fmt.Println("not there yet")
		}
		cached.SetResult("page 1")
		fmt.Println(cached.Result())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// not there yet
	// page 1 <nil>
}

func ExampleFuture_SetError() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		connected := asyncio.NewFuture[string](ctx)
		asyncio.LoopOf(ctx).CallSoon(func() { connected.SetError(errors.New("connection refused")) })
		_, err := connected.Await(ctx)
		fmt.Println(err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// connection refused
}

// The first result wins: here that of the quicker mirror.
func ExampleFuture_SetResult() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		first := asyncio.NewFuture[string](ctx)
		fmt.Println(first.SetResult("from mirror 1"))
		fmt.Println(first.SetResult("from mirror 2"))
		fmt.Println(first.Await(ctx))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
	// false
	// from mirror 1 <nil>
}
