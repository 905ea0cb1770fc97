package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

// "The task was cancelled" is not "I was cancelled": the difference is
// ErrTaskCancelled.
func Example_cancelledTaskOrCaller() {
	explain := func(ctx context.Context, err error) string {
		switch {
		case errors.Is(err, asyncio.ErrTaskCancelled):
			return "the task was cancelled"
		case ctx.Err() != nil:
			return "I was cancelled"
		}
		return fmt.Sprint("the task ended: ", err)
	}
	wait := func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) }

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		task := asyncio.Go(ctx, wait)
		task.Cancel(nil)
		_, err := task.Await(ctx)
		fmt.Println(explain(ctx, err))

		mine, cancel := context.WithCancel(ctx)
		cancel()
		_, err = asyncio.Go(ctx, wait).Await(mine)
		fmt.Println(explain(mine, err))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// the task was cancelled
	// I was cancelled
}

// What needs a loop says so where there is none. Sleep and Await work on both
// sides.
func Example_offTheLoop() {
	ctx := context.Background()
	_, err := asyncio.ToThread(ctx, func(ctx context.Context) (int, error) { return 1, nil })
	fmt.Println("ToThread:", errors.Is(err, asyncio.ErrNoLoop))
	fmt.Println("Sleep:", asyncio.Sleep(ctx, time.Millisecond))
	// Output:
	// ToThread: true
	// Sleep: <nil>
}

// The classic mistake is caught: a goroutine that is not the task's cannot use
// its ctx to suspend.
func Example_wrongGoroutine() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		told := make(chan error)
		go func() { told <- asyncio.Sleep(ctx, time.Second) }()
		err, _, recvErr := asyncio.Recv(ctx, told)
		fmt.Println(errors.Is(err, asyncio.ErrWrongTask))
		return recvErr
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
}

// A lock or a queue is for the tasks of one loop.
func Example_wrongLoop() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var lock asyncio.Lock
		if err := lock.Acquire(ctx); err != nil {
			return err
		}
		_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, asyncio.Run(ctx, lock.Acquire) // a second loop, in the thread
		})
		fmt.Println(errors.Is(err, asyncio.ErrWrongLoop))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
}

// Tasks that await each other in a ring are told.
func Example_deadlock() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var hen, egg *asyncio.Task[string]
		hen = asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return egg.Await(ctx) })
		egg = asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return hen.Await(ctx) })
		_, err := hen.Await(ctx)
		fmt.Println(errors.Is(err, asyncio.ErrDeadlock))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
}

// A PanicError carries what was passed to panic, and the stack.
func ExamplePanicError() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		plugin := asyncio.Go(ctx, func(ctx context.Context) error { panic("no such plug-in") })
		_, err := plugin.Await(ctx)
		var p *asyncio.PanicError
		if errors.As(err, &p) {
			fmt.Println(p.Value)
			fmt.Println("stack tells the example:", strings.Contains(string(p.Stack), "ExamplePanicError"))
		}
		return nil
	}, asyncio.WithPanicsAsErrors())
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// no such plug-in
	// stack tells the example: true
}

// The message is one line.
func ExamplePanicError_Error() {
	err := &asyncio.PanicError{Value: "index out of range"}
	fmt.Println(err.Error())
	// Output:
	// asyncio: panic: index out of range
}

// A value that is an error is found by errors.Is.
func ExamplePanicError_Unwrap() {
	errCorrupt := errors.New("database corrupt")
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		panic(errCorrupt)
	}, asyncio.WithPanicsAsErrors())
	fmt.Println(errors.Is(err, errCorrupt))
	// Output:
	// true
}

// Run returns the errors that no caller received, each with the name of its task.
func ExampleUnhandledError() {
	errTimeout := errors.New("timed out")
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { return errTimeout }, asyncio.Name("probe"))
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithLogger(slog.New(slog.DiscardHandler)))

	var lost *asyncio.UnhandledError
	if errors.As(err, &lost) {
		fmt.Println(lost.Task, "failed:", lost.Err)
	}
	// Output:
	// probe failed: timed out
}

func ExampleUnhandledError_Error() {
	err := &asyncio.UnhandledError{Task: "probe", Created: "main.go:12", Err: errors.New("timed out")}
	fmt.Println(err.Error())
	// Output:
	// asyncio: unhandled error of task "probe" (created at main.go:12): timed out
}

func ExampleUnhandledError_Unwrap() {
	errTimeout := errors.New("timed out")
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { return errTimeout })
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithLogger(slog.New(slog.DiscardHandler)))
	fmt.Println(errors.Is(err, errTimeout))
	// Output:
	// true
}
