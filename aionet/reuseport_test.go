//go:build linux && !asyncio_portable

package aionet_test

import (
	"context"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// ReusePort: several have one address.

func TestReusePort(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		set := 0
		first := listen(ctx, t, aionet.ReusePort(), aionet.Control(func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) { set, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT) })
		}))
		if set != 1 {
			t.Errorf("SO_REUSEPORT is %d when Control is called", set)
		}
		second, err := aionet.Listen(ctx, "tcp", first.Addr().String(), aionet.ReusePort())
		if err != nil {
			t.Fatal(err)
		}
		_, err = aionet.Listen(ctx, "tcp", first.Addr().String())
		wantErr(t, "Listen without it", err, syscall.EADDRINUSE)

		var served [2]int
		handler := func(i int) func(context.Context, *aionet.Conn) error {
			return func(context.Context, *aionet.Conn) error { served[i]++; return nil }
		}
		servers := []*asyncio.Task[struct{}]{
			asyncio.Go(ctx, func(ctx context.Context) error { return first.Serve(ctx, handler(0)) }),
			asyncio.Go(ctx, func(ctx context.Context) error { return second.Serve(ctx, handler(1)) }),
		}
		n := 0
		for ; n < 1000 && (served[0] == 0 || served[1] == 0); n++ { // the system spreads by a hash of the ports
			c := dial(ctx, t, first.Addr())
			wantEOF(t, c)
			shut(t, c)
		}
		if served[0] == 0 || served[1] == 0 || served[0]+served[1] != n {
			t.Errorf("served %v of %d", served, n)
		}
		for i, l := range []*aionet.Listener{first, second} {
			if err := l.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			if _, err := servers[i].Await(ctx); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestReusePortOfDatagramsAndDials(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a := listenPacket(ctx, t, "udp", "127.0.0.1:0", aionet.ReusePort())
		b := listenPacket(ctx, t, "udp", a.LocalAddr().String(), aionet.ReusePort())
		l := listen(ctx, t)
		c := dial(ctx, t, l.Addr(), aionet.ReusePort())
		wantOption(t, "SO_REUSEPORT", c, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		shut(t, a, b, c, l)
	})
}
