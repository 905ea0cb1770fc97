package aionet_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// What a connection costs, and that none takes more than its turn.

// A connection is no goroutine: its handler's coroutine is the only one.
func TestAConnectionCostsNoGoroutine(t *testing.T) {
	if portable {
		t.Skip("the portable network has a goroutine for each operation under way")
	}
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
	})
}

// settle waits until the goroutines that made sockets have ended.
func settle(ctx context.Context, t *testing.T, goroutines int) {
	t.Helper()
	limit := time.Now().Add(time.Second)
	for runtime.NumGoroutine() > goroutines && time.Now().Before(limit) {
		asyncio.Sleep(ctx, time.Millisecond)
	}
}

func TestAHandlerIsATaskAndOneCoroutine(t *testing.T) {
	if portable {
		t.Skip("the portable network has a goroutine for each operation under way")
	}
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
	})
}

// One connection that always has something starves neither tasks, nor timers, nor other
// connections. It is counted, not timed: how far the others come while the busy one
// does so many reads without ever waiting.
func TestABusyConnectionStarvesNobody(t *testing.T) {
	for name, busy := range map[string]func(c *aionet.Conn) error{
		"Read": func(c *aionet.Conn) error { _, err := c.Read(make([]byte, 16)); return err },
		"Next": func(c *aionet.Conn) error { _, err := c.Next(); return err },
		"Write": func(c *aionet.Conn) error {
			_, err := c.Write(make([]byte, 16))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				c, far := peer(ctx, t)
				go func() { // as fast as it can, in both directions
					go func() {
						b := make([]byte, 1<<16)
						for {
							if _, err := far.Read(b); err != nil {
								return
							}
						}
					}()
					b := make([]byte, 1<<16)
					for {
						if _, err := far.Write(b); err != nil {
							far.Close()
							return
						}
					}
				}()
				a, b := pair(ctx, t)
				stop := false
				loop := asyncio.LoopOf(ctx)
				ops, turned, ticked, exchanged := 0, 0, 0, 0
				tasks := []*asyncio.Task[struct{}]{
					asyncio.Go(ctx, func(ctx context.Context) error {
						for ; !stop; ops++ {
							if err := busy(c); err != nil {
								return err
							}
						}
						return nil
					}, asyncio.Name("busy")),
					asyncio.Go(ctx, func(ctx context.Context) error { // a task
						for ; !stop; turned++ {
							asyncio.Sleep(ctx, 0)
						}
						return nil
					}),
					asyncio.Go(ctx, func(ctx context.Context) error { // another connection
						p := make([]byte, 1)
						for ; !stop; exchanged++ {
							if _, err := a.Write(p); err != nil {
								return err
							}
							if _, err := b.Read(p); err != nil {
								return err
							}
						}
						return nil
					}),
				}
				var tick func() // a timer
				tick = func() {
					if ticked++; !stop {
						loop.CallLater(100*time.Microsecond, tick)
					}
				}
				loop.CallLater(0, tick)
				for !stop {
					asyncio.Sleep(ctx, 0)
					stop = ops >= 5000 && ticked >= 20 && exchanged >= 20 || ctx.Err() != nil
				}
				if turned < ops/100 {
					t.Errorf("%d turns while the busy connection did %d operations", turned, ops)
				}
				t.Logf("%d operations, %d turns, %d timers, %d exchanges", ops, turned, ticked, exchanged)
				for _, task := range tasks {
					if _, err := task.Await(ctx); err != nil {
						t.Error(err)
					}
				}
				turns(ctx, t, 1)
				shut(t, a, b, c)
			})
		})
	}
}
