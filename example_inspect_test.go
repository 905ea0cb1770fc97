package asyncio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/asyncio-go/asyncio"
)

// What the loop did lately, for ui.perfetto.dev.
func ExampleLoop_Trace() {
	var file bytes.Buffer // of a program: os.Create("trace.json")
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
		return asyncio.LoopOf(ctx).Trace(&file)
	}, asyncio.WithDebug(true))
	if err != nil {
		log.Fatal(err)
	}
	var trace struct {
		TraceEvents []struct {
			Ph, Name string
			Args     struct{ Awaits string }
		}
	}
	if err := json.Unmarshal(file.Bytes(), &trace); err != nil {
		log.Fatal(err)
	}
	for _, e := range trace.TraceEvents {
		if e.Ph == "X" && e.Args.Awaits != "" {
			fmt.Println("a step of", e.Name, "until:", e.Args.Awaits)
		}
	}
	// Output:
	// a step of main until: yield
}

// In debug mode the loop knows how often a task gave up control, and which of its
// steps took longest.
func ExampleStatsOf() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		crunch := asyncio.Go(ctx, func(ctx context.Context) error {
			for range 3 {
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			return nil
		}, asyncio.Name("crunch"))
		if _, err := crunch.Await(ctx); err != nil {
			return err
		}
		stats, _ := asyncio.StatsOf(crunch)
		fmt.Println(stats.Steps, "steps")
		return nil
	}, asyncio.WithDebug(true))
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 4 steps
}

// A table of the tasks that live, as a debug page might show it.
func ExampleTaskStats() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		for _, name := range []string{"reader", "writer"} {
			asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := asyncio.NewFuture[int](ctx).Await(ctx)
				return err
			}, asyncio.Name(name))
		}
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
		for _, task := range asyncio.LoopOf(ctx).Tasks() {
			if stats, ok := asyncio.StatsOf(task); ok {
				fmt.Println(task.Name(), stats.Steps, stats.Current > 0)
			}
		}
		return nil
	}, asyncio.WithDebug(true))
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// main 1 true
	// reader 1 false
	// writer 1 false
}

// From now on kill -INT (or what signal a program keeps for that) prints what the
// loops do, also while one is blocked.
func ExampleDumpOnSignal() {
	stop := asyncio.DumpOnSignal(os.Interrupt)
	defer stop()
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		fmt.Println("at work")
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// at work
}
