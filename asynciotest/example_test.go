package asynciotest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A cache whose entries live for an hour is tested in no time: the clock jumps
// when nothing can run.
func Example() {
	TestEntryExpires := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			cache := map[string]string{"session": "Ada"}
			asyncio.LoopOf(ctx).CallLater(time.Hour, func() { delete(cache, "session") })

			began := time.Now()
			asyncio.Sleep(ctx, 59*time.Minute)
			fmt.Println("after", time.Since(began), len(cache))
			asyncio.Sleep(ctx, time.Minute)
			fmt.Println("after", time.Since(began), len(cache))
		})
	}

	goTest("TestEntryExpires", TestEntryExpires) // as the command go test does
	// Output:
	// after 59m0s 1
	// after 1h0m0s 0
	// PASS: TestEntryExpires
}

// A retry with growing pauses: the test checks the pauses to the nanosecond.
func ExampleRun() {
	retry := func(ctx context.Context, call func(context.Context) error) error {
		for pause := time.Second; ; pause *= 2 {
			err := call(ctx)
			if err == nil || pause > 4*time.Second {
				return err
			}
			if err := asyncio.Sleep(ctx, pause); err != nil {
				return err
			}
		}
	}

	TestRetry := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			began := time.Now()
			var at []time.Duration
			errDown := errors.New("down")
			err := retry(ctx, func(context.Context) error {
				at = append(at, time.Since(began))
				return errDown
			})
			if err != errDown {
				t.Errorf("retry gave up with %v, want %v", err, errDown)
			}
			fmt.Println(at)
		})
	}

	goTest("TestRetry", TestRetry)
	// Output:
	// [0s 1s 3s 7s]
	// PASS: TestRetry
}

// unlogged is for examples whose messages are looked at otherwise.
var unlogged = asyncio.WithLogger(slog.New(slog.DiscardHandler))

// goTest runs a test from within an example, where there is no *testing.T, and
// prints how it ended. What package testing would print with -v, and further runs
// for -count and -cpu, are the example's business and not this test's.
func goTest(name string, test func(t *testing.T)) {
	verbose := flag.Lookup("test.v").Value
	defer verbose.Set(verbose.String())
	verbose.Set("false")
	var once sync.Once
	all := func(pattern, name string) (bool, error) { return true, nil }
	passed := testing.RunTests(all, []testing.InternalTest{{Name: name, F: func(t *testing.T) {
		once.Do(func() { test(t) })
	}}})
	if passed {
		fmt.Println("PASS:", name)
	} else {
		fmt.Println("FAIL:", name)
	}
}
