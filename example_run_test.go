package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Run returns the error of main, and those that nobody else received: a task
// that is forgotten does not fail in silence.
func ExampleRun() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			return errors.New("disk full")
		}, asyncio.Name("save"))
		return asyncio.Sleep(ctx, time.Millisecond)
	}, asyncio.WithLogger(slog.New(slog.DiscardHandler)))

	var unhandled *asyncio.UnhandledError
	if errors.As(err, &unhandled) {
		fmt.Printf("%s: %v\n", unhandled.Task, unhandled.Err)
	}
	// Output:
	// save: disk full
}

// When main returns, the tasks it left are cancelled and may clean up.
func ExampleRun_shutdown() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			err := asyncio.Sleep(ctx, time.Hour)
			fmt.Println("poller:", err)
			asyncio.Sleep(context.WithoutCancel(ctx), time.Millisecond) // say, send a goodbye
			fmt.Println("poller: connection closed")
			return err
		})
		if err := asyncio.Sleep(ctx, 0); err != nil { // let it begin
			return err
		}
		fmt.Println("main: done")
		return nil
	})
	fmt.Println("Run:", err)
	// Output:
	// main: done
	// poller: context canceled
	// poller: connection closed
	// Run: <nil>
}

// A loop is made before it runs where other goroutines have to know it.
func ExampleNewLoop() {
	loop := asyncio.NewLoop(asyncio.WithName("game"))
	welcome := asyncio.Submit(loop, func(ctx context.Context) (string, error) { // waits for Run
		return "welcome", nil
	})

	err := loop.Run(context.Background(), func(ctx context.Context) error {
		text, err := welcome.Await(ctx)
		fmt.Println(text)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// welcome
}

// A loop runs once.
func ExampleLoop_Run() {
	loop := asyncio.NewLoop()
	main := func(ctx context.Context) error {
		fmt.Println("running")
		return nil
	}
	fmt.Println(loop.Run(context.Background(), main))
	err := loop.Run(context.Background(), main)
	fmt.Println(errors.Is(err, asyncio.ErrLoopClosed))
	// Output:
	// running
	// <nil>
	// true
}

// Options configure a loop.
func ExampleOption() {
	options := []asyncio.Option{
		asyncio.WithName("worker"),
		asyncio.WithShutdownTimeout(time.Second),
	}
	if os.Getenv("DEBUG") != "" {
		options = append(options, asyncio.WithDebug(true))
	}
	fmt.Println(asyncio.Run(context.Background(), func(ctx context.Context) error { return nil }, options...))
	// Output:
	// <nil>
}

// The error handler hears of each error that nobody received, with the task and
// the line that created it.
func ExampleUnhandled() {
	alarms := map[string]int{}
	alarm := func(u asyncio.Unhandled) { alarms[u.TaskName]++ }

	asyncio.Run(context.Background(), func(ctx context.Context) error {
		for range 3 {
			asyncio.Go(ctx, func(ctx context.Context) error { return errors.New("timed out") }, asyncio.Name("probe"))
		}
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithErrorHandler(alarm))
	fmt.Println(alarms)
	// Output:
	// map[probe:3]
}

// Without a handler such errors are logged.
func ExampleWithErrorHandler() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { return errors.New("no route to host") }, asyncio.Name("ping"))
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithErrorHandler(func(u asyncio.Unhandled) {
		fmt.Printf("%s failed: %v\n", u.TaskName, u.Err)
	}))
	fmt.Println("returned as well:", err != nil)
	// Output:
	// ping failed: no route to host
	// returned as well: true
}

// The logger gets what nobody handles, and warnings such as steps that take long.
func ExampleWithLogger() {
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.MessageKey || a.Key == slog.LevelKey {
				return a
			}
			return slog.Attr{}
		},
	})
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { return errors.New("lost") })
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithLogger(slog.New(handler)))
	// Output:
	// level=ERROR msg="asyncio: unhandled error"
}

// The name of a loop tells several of them apart in messages.
func ExampleWithName() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var dump strings.Builder
		if err := asyncio.LoopOf(ctx).Dump(&dump); err != nil {
			return err
		}
		headline, _, _ := strings.Cut(dump.String(), "\n")
		fmt.Println(headline)
		return nil
	}, asyncio.WithName("billing"))
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// event loop "billing": 1 task(s)
}

// In debug mode the loop keeps the whole stack of a task's creation, not only
// the line: here also who called background.
func ExampleWithDebug() {
	background := func(ctx context.Context) {
		asyncio.Go(ctx, func(ctx context.Context) error { return errors.New("lost") })
	}
	for _, debug := range []bool{false, true} {
		asyncio.Run(context.Background(), func(ctx context.Context) error {
			background(ctx)
			return asyncio.Sleep(ctx, 0)
		}, asyncio.WithDebug(debug), asyncio.WithErrorHandler(func(u asyncio.Unhandled) {
			fmt.Println("lines told:", len(strings.Split(u.Created, " < ")))
		}))
	}
	// Output:
	// lines told: 1
	// lines told: 2
}

// A server survives the panic of one of its tasks.
func ExampleWithPanicsAsErrors() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		request := asyncio.Go(ctx, func(ctx context.Context) error {
			panic("message of unknown type 9")
		})
		_, err := request.Await(ctx)
		fmt.Println("request:", err)
		return nil
	}, asyncio.WithPanicsAsErrors())
	fmt.Println("Run:", err)
	// Output:
	// request: asyncio: panic: message of unknown type 9
	// Run: <nil>
}

// A task that does not stop is left behind when the time is up, and named.
func ExampleWithShutdownTimeout() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			for {
				asyncio.Sleep(context.WithoutCancel(ctx), time.Millisecond) // deaf to cancellation
			}
		}, asyncio.Name("stubborn"))
		return asyncio.Sleep(ctx, time.Millisecond)
	}, asyncio.WithShutdownTimeout(10*time.Millisecond))
	what, _, _ := strings.Cut(err.Error(), "\n")
	fmt.Println(what)
	fmt.Println("names it:", strings.Contains(err.Error(), `"stubborn"`))
	// Output:
	// asyncio: 1 task(s) did not stop within 10ms and were abandoned
	// names it: true
}
