//go:build linux && !asyncio_portable

package aionet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// The settings of sockets, as the system tells them.

// option asks the system.
func option(t *testing.T, c interface {
	SyscallConn() (syscall.RawConn, error)
}, level, name int) (value int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err == nil {
		e := raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, name) })
		err = errors.Join(e, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func wantOption(t *testing.T, what string, c *aionet.Conn, level, name, want int) {
	t.Helper()
	if got := option(t, c, level, name); got != want {
		t.Errorf("%s is %d, want %d", what, got, want)
	}
}

// Connections begin as package net's do: those that were accepted inherit it.
func TestSocketOptions_Defaults(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		dialled, accepted := pair(ctx, t)
		defer shut(t, dialled, accepted)
		for name, c := range map[string]*aionet.Conn{"dialled": dialled, "accepted": accepted} {
			wantOption(t, name+": TCP_NODELAY", c, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
			wantOption(t, name+": SO_KEEPALIVE", c, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
			wantOption(t, name+": TCP_KEEPIDLE", c, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15)
			wantOption(t, name+": TCP_KEEPINTVL", c, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15)
		}
	})
}

func TestSettings(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		ok := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		ok("SetNoDelay", a.SetNoDelay(false))
		wantOption(t, "TCP_NODELAY", a, unix.IPPROTO_TCP, unix.TCP_NODELAY, 0)
		ok("SetNoDelay", a.SetNoDelay(true))
		wantOption(t, "TCP_NODELAY", a, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)

		ok("SetKeepAlive", a.SetKeepAlive(false))
		wantOption(t, "SO_KEEPALIVE", a, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0)
		ok("SetKeepAlivePeriod", a.SetKeepAlivePeriod(1500*time.Millisecond))
		wantOption(t, "SO_KEEPALIVE", a, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		wantOption(t, "TCP_KEEPIDLE", a, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 2)
		wantOption(t, "TCP_KEEPINTVL", a, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15)
		ok("SetKeepAliveConfig", a.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: -1, Interval: 7 * time.Second, Count: 3}))
		wantOption(t, "TCP_KEEPIDLE", a, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 2)
		wantOption(t, "TCP_KEEPINTVL", a, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 7)
		wantOption(t, "TCP_KEEPCNT", a, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3)
		ok("SetKeepAliveConfig", a.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}))
		wantOption(t, "TCP_KEEPIDLE", a, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15)
		wantOption(t, "TCP_KEEPCNT", a, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9)

		ok("SetReadBuffer", a.SetReadBuffer(10_000))
		wantOption(t, "SO_RCVBUF", a, unix.SOL_SOCKET, unix.SO_RCVBUF, 20_000) // Linux doubles it
		ok("SetWriteBuffer", a.SetWriteBuffer(10_000))
		wantOption(t, "SO_SNDBUF", a, unix.SOL_SOCKET, unix.SO_SNDBUF, 20_000)

		_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { return 0, a.SetNoDelay(false) })
		ok("SetNoDelay in a thread", err)

		ok("SetLinger", a.SetLinger(0))
		shut(t, a)
		_, err = b.Read(make([]byte, 1))
		wantErr(t, "Read when the peer dropped everything", err, syscall.ECONNRESET)
		ok("SetLinger", b.SetLinger(3))
		ok("SetLinger", b.SetLinger(-1))
		shut(t, b)
	})
}

func TestSocketOptions_Unsupported(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		f, g := socketpair(t, syscall.SOCK_STREAM)
		a, b := adopt(ctx, t, f), adopt(ctx, t, g)
		defer shut(t, a, b)
		for name, err := range map[string]error{
			"SetNoDelay":         a.SetNoDelay(true),
			"SetKeepAlive":       a.SetKeepAlive(true),
			"SetKeepAlivePeriod": a.SetKeepAlivePeriod(time.Second),
			"SetLinger":          a.SetLinger(0),
		} {
			wantErr(t, name, err, errors.ErrUnsupported)
		}
		if err := a.SetReadBuffer(10_000); err != nil {
			t.Errorf("SetReadBuffer: %v", err)
		}
		p, err := aionet.ListenPacket(ctx, "udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.SetReadBuffer(10_000); err != nil {
			t.Errorf("SetReadBuffer of UDP: %v", err)
		}
		if got := option(t, p, unix.SOL_SOCKET, unix.SO_RCVBUF); got != 20_000 {
			t.Errorf("SO_RCVBUF is %d", got)
		}
		if err := p.SetWriteBuffer(10_000); err != nil {
			t.Errorf("SetWriteBuffer of UDP: %v", err)
		}
		shut(t, p)
	})
}

// The system waits in close for what a lingering connection has not sent yet. The loop
// does not, on which the peer reads it here.
func TestClose_WithSetLingerDoesNotWait(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		if err := a.SetLinger(int(3 * guard / time.Second)); err != nil {
			t.Fatal(err)
		}
		full, cancel := context.WithCancel(ctx)
		var sent int
		writer := asyncio.Go(ctx, func(context.Context) (err error) {
			sent, err = a.WithContext(full).Write(make([]byte, 64<<20))
			wantErr(t, "Write", err, context.Canceled)
			return nil
		})
		turns(ctx, t, 10)
		cancel()
		writer.Await(ctx)
		shut(t, a)
		got, err := io.Copy(io.Discard, b)
		if sent == 0 || int(got) != sent || err != nil {
			t.Errorf("%d bytes came of %d, and %v", got, sent, err)
		}
		shut(t, b)
	})
}
