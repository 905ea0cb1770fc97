package aionet_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// The errors of Dial and Listen.

func TestDialRefused(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		addr := l.Addr().String()
		shut(t, l)
		_, err := aionet.Dial(ctx, "tcp", addr)
		wantErr(t, "Dial", err, syscall.ECONNREFUSED)
		if !strings.Contains(err.Error(), addr) {
			t.Errorf("the error does not name %s: %v", addr, err)
		}
	})
}

func TestBadNetworksAndAddresses(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		dial := func(network, addr string) error { _, err := aionet.Dial(ctx, network, addr); return err }
		listen := func(network, addr string) error { _, err := aionet.Listen(ctx, network, addr); return err }
		packet := func(network, addr string) error { _, err := aionet.ListenPacket(ctx, network, addr); return err }
		for _, c := range []struct {
			call          func(network, addr string) error
			network, addr string
			names         string // what the error must name
		}{
			{dial, "tpc", "localhost:1", "tpc"},
			{dial, "", "localhost:1", ""},
			{dial, "ip4:icmp", "127.0.0.1", "ip4:icmp"},
			{dial, "tcp", "localhost", "missing port"},
			{dial, "tcp", "localhost:http:80", "localhost:http:80"},
			{dial, "tcp", "127.0.0.1:99999", "99999"},
			{dial, "tcp", "127.0.0.1:nothing", "nothing"},
			{dial, "tcp4", "[::1]:80", "::1"},
			{dial, "unix", "/does/not/exist", "/does/not/exist"},
			{listen, "udp", "localhost:0", "listen udp: unknown network udp: Listen accepts tcp, tcp4, tcp6, unix, unixpacket; for datagrams call ListenPacket"},
			{listen, "unixgram", "/tmp/x", "for datagrams call ListenPacket"},
			{listen, "tcp", "localhost", "missing port"},
			{listen, "tcp", "192.0.2.1:0", "192.0.2.1"},
			{listen, "unix", "/does/not/exist", "/does/not/exist"},
			{packet, "tcp", "localhost:0", "ListenPacket accepts udp, udp4, udp6, unixgram; for streams call Listen"},
			{packet, "ip", "127.0.0.1", "ip"},
			{packet, "udp", "192.0.2.1:0", "192.0.2.1"},
		} {
			err := c.call(c.network, c.addr)
			var op *net.OpError
			if !errors.As(err, &op) || !strings.Contains(err.Error(), c.names) {
				t.Errorf("%s %s: %v; want a *net.OpError that names %q", c.network, c.addr, err, c.names)
			}
		}
		err := dial("tpc", "localhost:1")
		wantErr(t, "an unknown network", err, net.UnknownNetworkError("tpc"))
	})
}

func TestListen_AddressInUse(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		defer shut(t, l)
		_, err := aionet.Listen(ctx, "tcp", l.Addr().String())
		wantErr(t, "Listen", err, syscall.EADDRINUSE)
	})
}

func TestLocalAddrOption(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 7)}
		c := dial(ctx, t, l.Addr(), aionet.LocalAddr(from))
		far, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := far.RemoteAddr().(*net.TCPAddr).IP; !got.Equal(from.IP) {
			t.Errorf("it comes from %v", got)
		}
		_, err = aionet.Dial(ctx, "tcp", l.Addr().String(), aionet.LocalAddr(&net.UDPAddr{}))
		if err == nil {
			t.Error("a UDP address was accepted for TCP")
		}
		shut(t, c, far, l)
	})
}

// Concurrent dials do not wait for each other.
func TestManyDialsAtOnce(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		const n = 100
		var inside atomic.Int32
		all := make(chan struct{})
		l := listen(ctx, t)
		rendezvous := aionet.Control(func(string, string, syscall.RawConn) error {
			if inside.Add(1) == n {
				close(all)
			}
			<-all // until all are here
			return nil
		})
		dials := make([]asyncio.Coroutine[*aionet.Conn], n)
		for i := range dials {
			dials[i] = func(ctx context.Context) (*aionet.Conn, error) {
				return aionet.Dial(ctx, "tcp", l.Addr().String(), rendezvous)
			}
		}
		conns, err := asyncio.Gather[*aionet.Conn](ctx, dials...)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range conns {
			shut(t, c)
		}
		shut(t, l)
	})
}

func TestDialTimesOut(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		release := make(chan struct{})
		silent := aionet.Control(func(string, string, syscall.RawConn) error { <-release; return nil })
		dctx, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		asyncio.LoopOf(ctx).CallLater(10*time.Millisecond, func() { close(release) })
		_, err := aionet.Dial(dctx, "tcp", "127.0.0.1:1", silent)
		wantErr(t, "Dial", err, context.DeadlineExceeded)
	})
}
