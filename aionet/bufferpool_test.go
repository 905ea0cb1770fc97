//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly) && !asyncio_portable

package aionet_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// While connections wait they have no buffer. The portable network has one for
// each read under way.
func TestIdleConnectionsHaveNoBuffer(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		const n = 200
		conns := make([]*aionet.Conn, 0, 2*n)
		for range n {
			a, b := pair(ctx, t)
			conns = append(conns, a, b)
		}
		waits := make([]*asyncio.Task[struct{}], n)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range waits {
			waits[i] = asyncio.Go(ctx, func(context.Context) error {
				for {
					if _, err := conns[2*i].Next(); err != nil {
						return err
					}
				}
			})
		}
		for range 2 { // each had a buffer for a moment
			for i := range n {
				write(t, conns[2*i+1], "x")
			}
			turns(ctx, t, 100)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n; each > 16<<10 {
			t.Errorf("%d bytes of heap for each waiting connection: it has a buffer", each)
		}
		for _, c := range conns {
			shut(t, c)
		}
		for _, w := range waits {
			w.Await(ctx)
		}
	})
}
