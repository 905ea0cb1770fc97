package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// AnyTask holds tasks of different results in one list.
func ExampleAnyTask() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		count := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 7, nil })
		title := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return "", errors.New("not found") })

		done, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, []asyncio.AnyTask{count, title}...)
		for _, task := range done {
			fmt.Println(task.Name(), task.Err())
		}
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// Task-2 <nil>
	// Task-3 not found
}

// Options of a task come last. There is one so far.
func ExampleTaskOption() {
	options := []asyncio.TaskOption{asyncio.Name("nightly report")}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		report := asyncio.Go(ctx, func(ctx context.Context) error { return nil }, options...)
		fmt.Println(report.Name())
		_, err := report.Await(ctx)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// nightly report
}

// The name of a task is what error messages and dumps call it.
func ExampleName() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			return asyncio.Sleep(ctx, time.Hour)
		}, asyncio.Name("connection 10.0.0.7"))
		task.Cancel(nil)
		_, err := task.Await(ctx)
		fmt.Println(err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// asyncio: task "connection 10.0.0.7" was cancelled
}

// A task that has no name of its own is called by its number.
func ExampleTask_Name() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		quiet := func(ctx context.Context) error { return nil }
		fmt.Println(asyncio.Go(ctx, quiet).Name())
		fmt.Println(asyncio.Go(ctx, quiet, asyncio.Name("sweeper")).Name())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// Task-2
	// sweeper
}

// The number of a task is unique in its loop; main is the first.
func ExampleTask_ID() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		progress := map[uint64]string{}
		work := func(ctx context.Context) error {
			progress[asyncio.CurrentTask(ctx).ID()] = "half done"
			return asyncio.Sleep(ctx, time.Millisecond)
		}
		task := asyncio.Go(ctx, work)
		_, err := task.Await(ctx)
		fmt.Println(task.ID(), progress[task.ID()])
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 half done
}

// CurrentTask is the task that calls, here for a log line deep in the code.
func ExampleCurrentTask() {
	logf := func(ctx context.Context, msg string) {
		fmt.Printf("%s: %s\n", asyncio.CurrentTask(ctx).Name(), msg)
	}

	fmt.Println(asyncio.CurrentTask(context.Background())) // off the loop
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		logf(ctx, "starting")
		_, err := asyncio.Go(ctx, func(ctx context.Context) error {
			logf(ctx, "watching")
			return nil
		}, asyncio.Name("watcher")).Await(ctx)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// <nil>
	// main: starting
	// watcher: watching
}

// Another goroutine hands work to the loop, and blocks until it is done.
func ExampleSubmit() {
	visits := 0 // belongs to the loop: no lock
	visit := func(ctx context.Context) (int, error) {
		visits++
		return visits, nil
	}

	loop := asyncio.NewLoop()
	stop := make(chan struct{})
	ended := make(chan error)
	go func() {
		ended <- loop.Run(context.Background(), func(ctx context.Context) error {
			_, _, err := asyncio.Recv(ctx, stop)
			return err
		})
	}()

	for range 3 { // say, the handlers of an HTTP server
		fmt.Println(asyncio.Submit(loop, visit).Await(context.Background()))
	}
	close(stop)
	fmt.Println("loop:", <-ended)

	_, err := asyncio.Submit(loop, visit).Await(context.Background())
	fmt.Println(errors.Is(err, asyncio.ErrLoopClosed))
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
	// loop: <nil>
	// true
}
