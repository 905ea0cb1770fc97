// Coroutine-and-task shows the difference between the two: a coroutine runs
// nothing until it is awaited, a task is scheduled at once.
//
//	go run ./basics/coroutine-and-task
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
)

func main() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		return compare(ctx, os.Stdout)
	})
	if err != nil {
		log.Fatal(err)
	}
}

func compare(ctx context.Context, w io.Writer) error {
	start := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(w, "%.1f s  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}
	double := func(ctx context.Context, n int) (int, error) {
		say("worker %d starts", n)
		if err := asyncio.Sleep(ctx, time.Second); err != nil {
			return 0, err
		}
		say("worker %d ends", n)
		return 2 * n, nil
	}

	// A coroutine is a recipe: making one runs nothing.
	coroutine := asyncio.Coro(double, 10)
	// A task is work under way: the loop starts it as soon as we next wait.
	task := asyncio.CreateTask(ctx, asyncio.Coro(double, 20))
	say("one coroutine and one task made")

	// While we look away for half a second, only the task gets going.
	if err := asyncio.Sleep(ctx, 500*time.Millisecond); err != nil {
		return err
	}
	say("now awaiting the coroutine")
	first, err := coroutine.Await(ctx) // starts here, and runs inside this task
	if err != nil {
		return err
	}
	second, err := task.Await(ctx) // has long ended: no waiting left
	if err != nil {
		return err
	}
	say("coroutine: %d, task: %d", first, second)
	return nil
}
