// Package asynciotest runs coroutines in tests, in virtual time.
//
//	func TestGivesUpAfterAMinute(t *testing.T) {
//		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
//			began := time.Now()
//			err := retry(ctx, alwaysFails)
//			if took := time.Since(began); err == nil || took != time.Minute {
//				t.Errorf("retry returned %v after %v", err, took)
//			}
//		})
//	}
//
// The clock of [Run] jumps to the next timer when nothing can run: the test above takes
// no time, and the same steps on every machine. A test also fails if the body leaves tasks
// or goroutines behind, if no caller receives an error, if a step blocks the loop, and if
// no task can ever run again.
//
// What the body opens by package aionet is in memory. [NewNetwork] makes a network with
// latency, chunks, losses and faults, by a seed; [Pipe] is one connection.
package asynciotest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/memnet"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// Run runs body as the main of an event loop in a testing/synctest bubble. Time
// is virtual for the loop and for package time: it stands still while anything
// runs, and jumps to the next timer when nothing can run and nothing real (a
// system call, a goroutine outside) is under way. So sleeps cost nothing, and
// the same test takes the same steps.
//
// The test fails
//   - on an error that nobody received (as Run of package asyncio returns it),
//   - on tasks that still live when body returns and were not cancelled before
//     (they are named, cancelled and awaited),
//   - on a task that goes on awaiting after it was cancelled, 10,000 times,
//   - at once, with the tree of tasks that shows who waits for what, when nothing
//     can ever run again,
//   - on a goroutine that body leaves behind,
//   - when a step blocks the loop, see AllowStalls,
//   - on a panic or an error of a connection's or a request's handler, see
//     AllowHandlerErrors.
//
// Run calls t.Fatal for a test that can never end, and reports where it waits. The goroutines
// of that test stay until the program ends.
//
// What package aionet opens is in memory: the loop has a Network of its own, unless
// WithNetwork gives it another.
//
// t is the bubble's; t.FailNow and t.Fatal work in any task. The ctx of body is
// cancelled by t's end, as t.Context is. A panic in a task is a panic of the
// test. Errors of Abandon are reported like any other.
//
//go:noinline
func Run(t *testing.T, body func(ctx context.Context, t *testing.T), opts ...asyncio.Option) {
	t.Helper()
	if body == nil {
		t.Fatal("asynciotest: Run: nil body")
	}
	created := coro.CallSite()
	w := newWatchdog()
	defer w.end()
	b := startBubble(t, func(t *testing.T) {
		t.Helper()
		w.enter()
		all := slices.Concat([]asyncio.Option{strict(t)}, opts, []asyncio.Option{virtual(t, created, w)})
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			w.watch(engine.NodeOf(ctx).Loop())
			body(ctx, t)
			return nil
		}, all...)
		if err != nil {
			t.Errorf("asynciotest: the loop ended with: %v", err)
		}
	})
	select {
	case <-b.ended:
		b.conclude(t, w)
	case hang := <-w.found:
		t.Fatal(hang)
	}
}

// strict sets the checks that options may switch off.
func strict(t *testing.T) asyncio.Option {
	return func(c *engine.Config) {
		c.OnBlocked = func(s engine.Stall) { t.Error(blocked(s)) }
		c.OnHandlerError = func(what string, err error) bool { return failHandler(t, what, err) }
	}
}

// virtual is the option that makes a loop of the bubble, with t as its judge, for a main
// that was created at the given place.
func virtual(t *testing.T, created coro.Site, w *watchdog) asyncio.Option {
	return func(c *engine.Config) {
		c.Virtual, c.Created = true, created
		c.BlockedAfter = 1 // the shortest time
		if c.StallsFail {
			c.BlockedAfter, c.StallsFail = c.StallThreshold, false
		}
		w.off = c.OnBlocked == nil
		if c.Network == nil {
			c.Network = netport.Maker(memnet.New(memnet.Config{}).Attach)
		}
		c.OnStuck = func(dump string) {
			t.Errorf("asynciotest: nothing can ever run again:\n%s", dump)
		}
		c.OnIgnoredCancel = func(task *engine.Task, line string) {
			t.Errorf("asynciotest: task %q, created at %s, goes on awaiting after it was cancelled, at %s", task.Name(), task.Created(), line)
		}
		c.OnLeft = func(left []*engine.Task) {
			if len(left) == 0 {
				return
			}
			var b strings.Builder
			for _, task := range left {
				fmt.Fprintf(&b, "\n\t%q created at %s", task.Name(), task.Created())
			}
			t.Errorf("asynciotest: %d task(s) left when the test's body returned:%s", len(left), b.String())
		}
	}
}
