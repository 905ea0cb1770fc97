package asynciotest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A test of a coroutine that sleeps by package time: its loop stood still for a
// second, of virtual time.
func ExampleNoStalls() {
	TestNap := func(t *testing.T) {
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			time.Sleep(time.Second)
			return nil
		}, unlogged, asynciotest.NoStalls(50*time.Millisecond))
		var stalled *asyncio.StallError
		fmt.Println(errors.As(err, &stalled), stalled.Stall.Class, stalled.Stall.Elapsed.Round(10*time.Millisecond))
	}

	goTest("TestNap", func(t *testing.T) { synctest.Test(t, TestNap) })
	// Output:
	// true sleep 1s
	// PASS: TestNap
}

// A step that is to block: a call of a library that no test can replace, say.
func ExampleAllowStalls() {
	TestLibrary := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			began := time.Now()
			time.Sleep(time.Hour)
			fmt.Println("blocked for", time.Since(began))
		}, asynciotest.AllowStalls())
	}

	goTest("TestLibrary", TestLibrary)
	// Output:
	// blocked for 1h0m0s
	// PASS: TestLibrary
}

// A test of a server that goes on when a handler panics.
func ExampleAllowHandlerErrors() {
	TestGoesOn := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l, err := aionet.Listen(ctx, "tcp", "shop:80")
			if err != nil {
				t.Fatal(err)
			}
			server := asyncio.Go(ctx, func(ctx context.Context) error {
				return l.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error { panic("out of stock") })
			})
			for range 2 {
				c, err := aionet.Dial(ctx, "tcp", "shop:80")
				if err != nil {
					t.Fatal(err)
				}
				_, err = c.Read(make([]byte, 1))
				fmt.Println(err)
				c.Close()
			}
			l.Close()
			server.Await(ctx)
		}, asynciotest.AllowHandlerErrors(), unlogged)
	}

	goTest("TestGoesOn", TestGoesOn)
	// Output:
	// EOF
	// EOF
	// PASS: TestGoesOn
}

// In a bubble a stall is found by virtual time, with its line, and not by how long the machine takes.
func TestNoStallsInABubble(t *testing.T) {
	for name, c := range map[string]struct {
		body  func(ctx context.Context)
		class asyncio.StallClass // StallUnknown: none
	}{
		"awaits":        {func(ctx context.Context) { asyncio.Sleep(ctx, time.Hour) }, asyncio.StallUnknown},
		"a short sleep": {func(ctx context.Context) { time.Sleep(10 * time.Millisecond) }, asyncio.StallUnknown},
		"a sleep":       {func(ctx context.Context) { time.Sleep(time.Minute) }, asyncio.StallSleep},
		"a channel":     {func(ctx context.Context) { <-time.After(time.Minute) }, asyncio.StallChannel},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := asyncio.Run(t.Context(), func(ctx context.Context) error {
					asyncio.Sleep(ctx, time.Second)
					c.body(ctx)
					return asyncio.Sleep(ctx, time.Second)
				}, unlogged, asynciotest.NoStalls(50*time.Millisecond))
				var stalled *asyncio.StallError
				if found := errors.As(err, &stalled); found != (c.class != asyncio.StallUnknown) {
					t.Fatalf("Run returned %v", err)
				} else if found && (stalled.Stall.Class != c.class || stalled.Stall.Line == 0 || stalled.Stall.Elapsed < 59*time.Second) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// In what is said of main, it was created where the test called Run.
func TestMainIsCreatedByTheTest(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var dump strings.Builder
		asyncio.LoopOf(ctx).Dump(&dump)
		_, at, _ := strings.Cut(dump.String(), "created at ")
		if !strings.Contains(at, "stalls_test.go:") {
			t.Errorf("main was created at %s, want a line of this test", at)
		}
	})
}

func TestNoStallsWantsATime(t *testing.T) {
	defer func() {
		if v := recover(); v == nil {
			t.Error("NoStalls(0) did not panic")
		}
	}()
	asynciotest.NoStalls(0)
}

// What never stalls passes, and time still jumps.
func TestNoStallsPasses(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for range 100 {
			asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
		}
		asyncio.Sleep(ctx, 2*time.Hour)
	}, asynciotest.NoStalls(time.Millisecond))
}
