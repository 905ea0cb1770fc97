package asyncio_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A coroutine function is an ordinary function. Calling it awaits it; bound to
// its argument it is a value that does nothing yet.
func ExampleCoroutine() {
	double := func(ctx context.Context, n int) (int, error) {
		fmt.Println("doubling", n)
		return 2 * n, asyncio.Sleep(ctx, time.Millisecond)
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var later asyncio.Coroutine[int] = asyncio.Coro(double, 20)
		fmt.Println("nothing has happened yet")

		ten, err := double(ctx, 5)
		if err != nil {
			return err
		}
		forty, err := later.Await(ctx)
		fmt.Println(ten, forty)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// nothing has happened yet
	// doubling 5
	// doubling 20
	// 10 40
}

// Await runs the coroutine inside the calling task, each time anew.
func ExampleCoroutine_Await() {
	attempts := 0
	connect := asyncio.Coroutine[string](func(ctx context.Context) (string, error) {
		if attempts++; attempts < 3 {
			return "", fmt.Errorf("attempt %d: refused", attempts)
		}
		return "connected", nil
	})

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		for {
			state, err := connect.Await(ctx)
			if err == nil {
				fmt.Println(state)
				return nil
			}
			fmt.Println(err)
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// attempt 1: refused
	// attempt 2: refused
	// connected
}

// Coro binds an argument. Several arguments are a struct, or a closure.
func ExampleCoro() {
	type request struct {
		method, path string
	}
	do := func(ctx context.Context, r request) (string, error) {
		return r.method + " " + r.path + ": 200", asyncio.Sleep(ctx, time.Millisecond)
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		answers, err := asyncio.Gather(ctx,
			asyncio.Coro(do, request{"GET", "/users"}),
			asyncio.Coro(do, request{"PUT", "/users/7"}))
		fmt.Println(answers)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [GET /users: 200 PUT /users/7: 200]
}

// Coro0 is Coro for a function without an argument, or a function literal.
func ExampleCoro0() {
	temperature := func(ctx context.Context) (int, error) { return 21, asyncio.Sleep(ctx, time.Millisecond) }

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		readings, err := asyncio.Gather(ctx,
			asyncio.Coro0(temperature),
			asyncio.Coro0(func(ctx context.Context) (int, error) { return 19, nil }))
		fmt.Println(readings)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [21 19]
}

// A Proc is a coroutine that has only an error to return.
func ExampleProc() {
	save := asyncio.Proc(func(ctx context.Context) error {
		fmt.Println("saved")
		return asyncio.Sleep(ctx, time.Millisecond)
	})
	notify := asyncio.Proc(func(ctx context.Context) error {
		fmt.Println("notified")
		return asyncio.Sleep(ctx, time.Millisecond)
	})

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := asyncio.Gather(ctx, save, notify)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// saved
	// notified
}

func ExampleProc_Await() {
	flush := asyncio.Proc(func(ctx context.Context) error {
		return fmt.Errorf("disk full")
	})

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := flush.Await(ctx) // the same as flush(ctx)
		fmt.Println(err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// disk full
}

// reply is an awaitable of its own: a future whose answer it decodes.
type reply struct {
	raw *asyncio.Future[string]
}

func (r reply) Await(ctx context.Context) (int, error) {
	text, err := r.raw.Await(ctx)
	if err != nil {
		return 0, err
	}
	var n int
	_, err = fmt.Sscanf(text, "temperature=%d", &n)
	return n, err
}

// Whatever has an Await method can be gathered, and awaited with a time-out.
func ExampleAwaitable() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		r := reply{asyncio.NewFuture[string](ctx)}
		asyncio.LoopOf(ctx).CallLater(time.Millisecond, func() { r.raw.SetResult("temperature=21") })

		degrees, err := asyncio.WaitFor[int](ctx, time.Minute, r)
		fmt.Println(degrees, err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 21 <nil>
}

// While one coroutine sleeps the others run.
func ExampleSleep() {
	count := func(ctx context.Context, name string) (struct{}, error) {
		for i := range 3 {
			fmt.Println(name, i)
			if err := asyncio.Sleep(ctx, 0); err != nil { // give up one turn
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := asyncio.Gather(ctx, asyncio.Coro(count, "A"), asyncio.Coro(count, "B"))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// A 0
	// B 0
	// A 1
	// B 1
	// A 2
	// B 2
}

// A computation that stays on the loop lets others run when it has had its time
// slice, and ends when it is cancelled.
func ExampleCheckpoint() {
	sum := func(ctx context.Context, n int) (int, error) {
		s := 0
		for i := range n {
			s += (i % 7) * (i % 13)
			if i%1000 == 0 {
				if err := asyncio.Checkpoint(ctx); err != nil {
					return 0, err
				}
			}
		}
		return s, nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		fmt.Println(sum(ctx, 100_000))

		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		fmt.Println(sum(cancelled, 100_000))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1799895 <nil>
	// 0 context canceled
}
