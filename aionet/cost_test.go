package aionet_test

import (
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A connection that always has data starves neither tasks, nor timers, nor other connections. The
// test counts the operations of the others during the reads of the busy one.
func TestBusyConnectionDoesNotStarveOthers(t *testing.T) {
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
