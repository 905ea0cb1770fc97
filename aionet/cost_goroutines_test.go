//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly) && !asyncio_portable

package aionet_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// What a connection costs. The portable network has a goroutine for each operation under way.

// noWatch has a loop start no goroutine when the machine stalls it, where all are counted.
var noWatch = asyncio.WithStallThreshold(0)

// A connection needs no goroutine except that of its handler's task.
func TestConnectionNeedsNoGoroutine(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		const n = 50
		before := runtime.NumGoroutine()
		l := listen(ctx, t)
		var near, far []*aionet.Conn
		for range n {
			near = append(near, dial(ctx, t, l.Addr()))
			c, err := l.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			far = append(far, c)
		}
		settle(ctx, t, before)
		if got := runtime.NumGoroutine(); got > before {
			t.Errorf("%d goroutines with %d connections, %d before", got, 2*n, before)
		}
		// Waiting in Read costs the task's own coroutine.
		var waits []*asyncio.Task[string]
		for _, c := range far {
			waits = append(waits, reading(ctx, c))
		}
		turns(ctx, t, 3)
		if got := runtime.NumGoroutine(); got > before+n {
			t.Errorf("%d goroutines with %d tasks waiting in Read, %d before", got, n, before)
		}
		for _, c := range near {
			shut(t, c)
		}
		for i, w := range waits {
			w.Await(ctx)
			shut(t, far[i])
		}
		shut(t, l)
	}, noWatch)
}

// settle waits until the goroutines that made sockets have ended.
func settle(ctx context.Context, t *testing.T, goroutines int) {
	t.Helper()
	limit := time.Now().Add(guard)
	for runtime.NumGoroutine() > goroutines && time.Now().Before(limit) {
		asyncio.Sleep(ctx, time.Millisecond)
	}
}

func TestHandlerNeedsOneGoroutine(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		const n = 50
		loop, handled := asyncio.LoopOf(ctx), 0
		l, end := serve(ctx, t, func(ctx context.Context, c *aionet.Conn) error {
			if asyncio.LoopOf(ctx) != loop {
				t.Error("the handler is on no loop, or on another")
			}
			handled++
			return echo(ctx, c)
		})
		turns(ctx, t, 3)
		tasks, before := len(loop.Tasks()), runtime.NumGoroutine()
		var clients []*aionet.Conn
		for range n {
			clients = append(clients, dial(ctx, t, l.Addr()))
		}
		until(ctx, t, "all are handled", func() bool { return handled == n })
		turns(ctx, t, 3)
		settle(ctx, t, before+n)
		if got := len(loop.Tasks()) - tasks; got != n {
			t.Errorf("%d tasks for %d connections", got, n)
		}
		if got := runtime.NumGoroutine() - before; got > n {
			t.Errorf("%d goroutines for %d connections", got, n)
		}
		for _, c := range clients {
			shut(t, c)
		}
		end()
	}, noWatch)
}
