package asyncio_test

import (
	"context"
	"fmt"
	"log"

	"github.com/asyncio-go/asyncio"
)

// A loopback is an Executor that encodes arguments and results, as for another process. If show is
// set, it is called with each call.
type loopback struct{ show func(c *asyncio.Call) }

func (loopback) Local() bool                     { return false }
func (loopback) Close(ctx context.Context) error { return nil }

func (l loopback) Start(ctx context.Context, c *asyncio.Call) error {
	if l.show != nil {
		l.show(c)
	}
	go func() {
		c.Started("the other end")
		result, err := asyncio.Execute(asyncio.WithProgress(c.Context(), c.Progress), c.Func(), c.Arg())
		c.Finish(result, asyncio.DecodeError(asyncio.EncodeError(err)))
	}()
	return nil
}

// An onTheSpot is an Executor that runs functions in the goroutine that calls Start.
type onTheSpot struct{}

func (onTheSpot) Local() bool                     { return true }
func (onTheSpot) Close(ctx context.Context) error { return nil }

func (onTheSpot) Start(ctx context.Context, c *asyncio.Call) error {
	c.Run(c.Context())
	return nil
}

// callBy calls shout with "hello" on the executor and prints the result.
func callBy(exec asyncio.Executor) {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		text, err := Shout.Call(ctx, exec, "hello")
		fmt.Println(text)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
}

// An implementation of Executor runs functions by name.
func ExampleExecutor() {
	callBy(loopback{})
	callBy(asyncio.NewThreadPool(1))
	// Output:
	// HELLO!
	// HELLO!
}

// The name of the function and the encoded argument of a call.
func ExampleCall() {
	callBy(loopback{func(c *asyncio.Call) { fmt.Printf("%s(%s)\n", c.Func(), c.Arg()) }})
	// Output:
	// example.shout(hello)
	// HELLO!
}

// The ID identifies a call in logs and in other processes.
func ExampleCall_ID() {
	seen := map[string]bool{}
	exec := loopback{func(c *asyncio.Call) { seen[c.ID()] = true }}
	callBy(exec)
	callBy(exec)
	fmt.Println(len(seen))
	// Output:
	// HELLO!
	// HELLO!
	// 2
}

func ExampleCall_Func() {
	callBy(loopback{func(c *asyncio.Call) { fmt.Println(c.Func()) }})
	// Output:
	// example.shout
	// HELLO!
}

// Strings and []byte are not encoded.
func ExampleCall_Arg() {
	callBy(loopback{func(c *asyncio.Call) { fmt.Println(string(c.Arg())) }})
	// Output:
	// hello
	// HELLO!
}

// The context ends with the call.
func ExampleCall_Context() {
	var ctx context.Context
	callBy(loopback{func(c *asyncio.Call) {
		ctx = c.Context()
		fmt.Println(ctx.Err(), asyncio.LoopOf(ctx))
	}})
	fmt.Println(ctx.Err())
	// Output:
	// <nil> <nil>
	// HELLO!
	// context canceled
}

// A local executor runs the call in any goroutine.
func ExampleCall_Run() {
	callBy(onTheSpot{})
	// Output:
	// HELLO!
}

func ExampleCall_Started() {
	callBy(loopback{func(c *asyncio.Call) {
		c.Started("worker 3 (pid 4711)")
		fmt.Println(c.Where())
	}})
	// Output:
	// worker 3 (pid 4711)
	// HELLO!
}

func ExampleCall_Where() {
	callBy(loopback{func(c *asyncio.Call) { fmt.Printf("%q\n", c.Where()) }})
	// Output:
	// ""
	// HELLO!
}

// The executor passes on the progress of the function.
func ExampleCall_Progress() {
	exec := loopback{func(c *asyncio.Call) { c.Progress(0, 1, "on its way") }}
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := Shout.Call(ctx, exec, "hello", asyncio.OnProgress(func(done, total int64, note string) {
			fmt.Println(done, total, note)
		}))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 1 on its way
}

// Only the first Finish has an effect.
func ExampleCall_Finish() {
	callBy(loopback{func(c *asyncio.Call) {
		fmt.Println(c.Finish([]byte("from the cache"), nil), c.Finish(nil, nil))
	}})
	// Output:
	// true false
	// from the cache
}
