package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Results come in order of the arguments, whoever ends first.
func ExampleGather() {
	square := func(ctx context.Context, n int) (int, error) {
		return n * n, asyncio.Sleep(ctx, time.Duration(5-n)*time.Millisecond)
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		squares, err := asyncio.Gather(ctx, asyncio.Coro(square, 1), asyncio.Coro(square, 2), asyncio.Coro(square, 3))
		fmt.Println(squares)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [1 4 9]
}

// The first error cancels the other coroutines, waits for them and is returned.
func ExampleGather_error() {
	download := asyncio.Proc(func(ctx context.Context) error {
		err := asyncio.Sleep(ctx, time.Hour)
		fmt.Println("download:", err)
		return err
	})
	login := asyncio.Proc(func(ctx context.Context) error { return errors.New("wrong password") })

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := asyncio.Gather(ctx, download, login)
		fmt.Println("gather:", err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// download: context canceled
	// gather: wrong password
}

// Coroutines, tasks and futures together are a slice of Awaitable.
func ExampleGather_mixed() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		one := func(ctx context.Context) (int, error) { return 1, nil }
		task := asyncio.CreateTask(ctx, one)
		future := asyncio.NewFuture[int](ctx)
		future.SetResult(3)

		sum := 0
		all, err := asyncio.Gather(ctx, []asyncio.Awaitable[int]{task, asyncio.Coroutine[int](one), future}...)
		for _, n := range all {
			sum += n
		}
		fmt.Println(all, sum)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [1 1 3] 5
}

// GatherResults lets each one end and tells value or error of every one.
func ExampleGatherResults() {
	stat := func(ctx context.Context, file string) (int, error) {
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return 0, err
		}
		if file == "" {
			return 0, errors.New("no name")
		}
		return len(file), nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		results := asyncio.GatherResults(ctx, asyncio.Coro(stat, "go.mod"), asyncio.Coro(stat, ""), asyncio.Coro(stat, "LICENSE"))
		for i, r := range results {
			fmt.Println(i, r.Value, r.Err)
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 6 <nil>
	// 1 0 no name
	// 2 7 <nil>
}

// A Result keeps what a coroutine gave, to be looked at later.
func ExampleResult() {
	ping := func(ctx context.Context, host string) (string, error) {
		if host == "moon" {
			return "", errors.New("no answer")
		}
		return host + " is up", nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var failed []asyncio.Result[string]
		for _, r := range asyncio.GatherResults(ctx, asyncio.Coro(ping, "earth"), asyncio.Coro(ping, "moon")) {
			if r.Err != nil {
				failed = append(failed, r)
				continue
			}
			fmt.Println(r.Value)
		}
		fmt.Println("failed:", len(failed), failed[0].Err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// earth is up
	// failed: 1 no answer
}

// Results come as they are there. Each carries the position of its argument.
func ExampleAsCompleted() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var breadBaked, ovenHot asyncio.Event
		heat := func(ctx context.Context) (string, error) {
			ovenHot.Set()
			return "hot oven", nil
		}
		bake := func(ctx context.Context) (string, error) {
			err := ovenHot.Wait(ctx)
			breadBaked.Set()
			return "bread", err
		}
		eat := func(ctx context.Context) (string, error) {
			return "full stomach", breadBaked.Wait(ctx)
		}
		for i, r := range asyncio.AsCompleted[string](ctx, []asyncio.Coroutine[string]{eat, bake, heat}...) {
			fmt.Println(i, r.Value, r.Err)
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 hot oven <nil>
	// 1 bread <nil>
	// 0 full stomach <nil>
}

// Leaving the loop cancels the rest and waits for it: the first answer of several
// mirrors is enough.
func ExampleAsCompleted_first() {
	type mirror struct {
		name string
		lag  time.Duration
	}
	ask := func(ctx context.Context, m mirror) (string, error) {
		if err := asyncio.Sleep(ctx, m.lag); err != nil {
			fmt.Println(m.name, "is told to stop")
			return "", err
		}
		return m.name, nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		mirrors := []asyncio.Coroutine[string]{
			asyncio.Coro(ask, mirror{"Mars", time.Hour}),
			asyncio.Coro(ask, mirror{"Vienna", time.Millisecond}),
		}
		for _, r := range asyncio.AsCompleted(ctx, mirrors...) {
			if r.Err == nil {
				fmt.Println("answer from", r.Value)
				break
			}
		}
		fmt.Println("going on")
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// answer from Vienna
	// Mars is told to stop
	// going on
}
