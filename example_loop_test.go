package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Another goroutine posts to a loop that it knows; everything that happens on
// the loop needs no lock.
func ExampleLoop() {
	loop := asyncio.NewLoop()
	scores := map[string]int{} // belong to the loop
	var complete asyncio.Event
	ended := make(chan error)
	go func() {
		ended <- loop.Run(context.Background(), func(ctx context.Context) error {
			err := complete.Wait(ctx)
			fmt.Println(scores)
			return err
		})
	}()
	for _, name := range []string{"ada", "alan", "ada"} {
		if err := loop.CallSoonThreadsafe(func() { scores[name]++ }); err != nil {
			log.Fatal(err)
		}
	}
	if err := loop.CallSoonThreadsafe(complete.Set); err != nil {
		log.Fatal(err)
	}
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
	// Output:
	// map[ada:2 alan:1]
}

// LoopOf is how a coroutine finds its loop. A function in a thread has none.
func ExampleLoopOf() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		fmt.Println("coroutine:", asyncio.LoopOf(ctx) != nil)
		_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
			fmt.Println("thread:", asyncio.LoopOf(ctx) != nil)
			return struct{}{}, nil
		})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// coroutine: true
	// thread: false
}

// Callbacks run in the next turn, in order, after what is ready already.
func ExampleLoop_CallSoon() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		loop := asyncio.LoopOf(ctx)
		asyncio.Go(ctx, func(ctx context.Context) error {
			fmt.Println("task")
			return nil
		})
		loop.CallSoon(func() { fmt.Println("callback") })
		fmt.Println("main")
		return asyncio.Sleep(ctx, 0)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// main
	// task
	// callback
}

// A callback that sets itself anew is a ticker without a task.
func ExampleLoop_CallLater() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		loop := asyncio.LoopOf(ctx)
		done := asyncio.NewFuture[struct{}](ctx)
		left := 3
		var tick func()
		tick = func() {
			fmt.Println(left)
			if left--; left == 0 {
				done.SetResult(struct{}{})
				return
			}
			loop.CallLater(time.Millisecond, tick)
		}
		loop.CallLater(time.Millisecond, tick)
		_, err := done.Await(ctx)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 3
	// 2
	// 1
}

// Timers of one instant fire in the order in which they were set.
func ExampleLoop_CallAt() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		loop := asyncio.LoopOf(ctx)
		var done asyncio.Event
		midnight := loop.Now().Add(2 * time.Millisecond)
		loop.CallAt(midnight, func() { fmt.Println("close the books") })
		loop.CallAt(midnight, func() { fmt.Println("send the report") })
		loop.CallAt(midnight, done.Set)
		loop.CallAt(midnight.Add(-time.Millisecond), func() { fmt.Println("warn everybody") })
		return done.Wait(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// warn everybody
	// close the books
	// send the report
}

// Another goroutine comes back to the loop, say one that a C library calls from.
func ExampleLoop_CallSoonThreadsafe() {
	var loop *asyncio.Loop
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		loop = asyncio.LoopOf(ctx)
		var heard asyncio.Event
		go loop.CallSoonThreadsafe(func() {
			fmt.Println("on the loop")
			heard.Set()
		})
		return heard.Wait(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(loop.CallSoonThreadsafe(func() {}), asyncio.ErrLoopClosed))
	// Output:
	// on the loop
	// true
}

// Now is the clock by which the loop's timers go: virtual in tests.
func ExampleLoop_Now() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		loop := asyncio.LoopOf(ctx)
		began := loop.Now()
		if err := asyncio.Sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
		fmt.Println(loop.Now().Sub(began) >= 5*time.Millisecond)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
}

// Tasks are listed in order of creation, main first.
func ExampleLoop_Tasks() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		wait := func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) }
		asyncio.Go(ctx, wait, asyncio.Name("mail"))
		asyncio.Go(ctx, wait, asyncio.Name("backup"))
		for _, task := range asyncio.LoopOf(ctx).Tasks() {
			fmt.Println(task.ID(), task.Name())
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 main
	// 2 mail
	// 3 backup
}

// A dump tells what each task waits for, and where.
func ExampleLoop_Dump() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var lock asyncio.Lock
		if err := lock.Acquire(ctx); err != nil {
			return err
		}
		defer lock.Release()
		asyncio.Go(ctx, func(ctx context.Context) error {
			if err := lock.Acquire(ctx); err != nil {
				return err
			}
			lock.Release()
			return nil
		}, asyncio.Name("writer"))
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
		var dump strings.Builder
		if err := asyncio.LoopOf(ctx).Dump(&dump); err != nil {
			return err
		}
		for line := range strings.Lines(dump.String()) {
			what, _, _ := strings.Cut(line, " at ") // leave out the places
			fmt.Println(strings.TrimSuffix(what, "\n"))
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// event loop: 2 task(s)
	//   #1 "main" running
	//   #2 "writer" waits (lock held by #1 "main")
}

// A handle is there to change one's mind, here: not to hang up on a client that
// speaks.
func ExampleHandle() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		loop := asyncio.LoopOf(ctx)
		idle := loop.CallLater(time.Hour, func() { fmt.Println("hang up") })
		for _, line := range []string{"HELLO", "QUIT"} {
			idle.Cancel()
			idle = loop.CallLater(time.Hour, func() { fmt.Println("hang up") })
			fmt.Println("client:", line)
		}
		idle.Cancel()
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// client: HELLO
	// client: QUIT
}

func ExampleHandle_Cancel() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		handle := asyncio.LoopOf(ctx).CallSoon(func() { fmt.Println("never printed") })
		fmt.Println("in time:", handle.Cancel())
		fmt.Println("again:", handle.Cancel())
		return asyncio.Sleep(ctx, 0)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// in time: true
	// again: false
}
