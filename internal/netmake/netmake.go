// Package netmake makes sockets with package net, in another goroutine. So names are resolved off
// the loop, addresses are raced (RFC 8305), and options have package net's defaults.
package netmake

import (
	"context"
	"math"
	"net"
	"slices"
	"syscall"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A Maker makes the sockets of one loop. It does not limit how many it makes at once.
type Maker struct{ limit *asyncio.Limiter }

// New returns a maker.
func New() Maker { return Maker{asyncio.NewLimiter(math.MaxInt32)} }

// Listen makes a listening socket. It suspends the calling task.
func (m Maker) Listen(ctx context.Context, network, addr string, o netport.Options) (Listening, error) {
	if err := netport.RefuseUnknown("listen", "Listen", network, netport.Streams...); err != nil {
		return Listening{}, err
	}
	return inGoroutine(ctx, m, func(ctx context.Context) (Listening, error) { return Listen(ctx, network, addr, o) })
}

// Listen makes a listening socket. It runs in the calling goroutine and may block.
func Listen(ctx context.Context, network, addr string, o netport.Options) (Listening, error) {
	cfg := net.ListenConfig{Control: control(o)}
	l, err := cfg.Listen(ctx, network, addr)
	if err != nil {
		return Listening{}, err
	}
	return listening(l, o.KeepFile), nil
}

// Dial makes a connected socket. It suspends the calling task.
func (m Maker) Dial(ctx context.Context, network, addr string, o netport.Options) (net.Conn, error) {
	if err := netport.RefuseUnknown("dial", "Dial", network, slices.Concat(netport.Streams, netport.Datagrams)...); err != nil {
		return nil, err
	}
	return inGoroutine(ctx, m, func(ctx context.Context) (net.Conn, error) {
		d := net.Dialer{LocalAddr: o.Local, Control: control(o)}
		return d.DialContext(ctx, network, addr)
	})
}

// ListenPacket makes a datagram socket. It suspends the calling task.
func (m Maker) ListenPacket(ctx context.Context, network, addr string, o netport.Options) (Packets, error) {
	if err := netport.RefuseUnknown("listen", "ListenPacket", network, netport.Datagrams...); err != nil {
		return Packets{}, err
	}
	return inGoroutine(ctx, m, func(ctx context.Context) (Packets, error) {
		cfg := net.ListenConfig{Control: control(o)}
		c, err := cfg.ListenPacket(ctx, network, addr)
		if err != nil || o.KeepFile {
			return Packets{PacketConn: c}, err
		}
		return Packets{c, fileOf(c.LocalAddr())}, nil
	})
}

// inGoroutine calls make in another goroutine. If ctx has ended, inGoroutine closes the socket.
func inGoroutine[T interface{ Close() error }](ctx context.Context, m Maker, make func(ctx context.Context) (T, error)) (T, error) {
	made, err := asyncio.ToThread(ctx, make, asyncio.Via(m.limit))
	if err == nil && ctx.Err() != nil {
		made.Close()
		var none T
		return none, ctx.Err()
	}
	return made, err
}

// control returns the Control function for package net. It sets SO_REUSEPORT and calls o.Control.
func control(o netport.Options) func(network, addr string, c syscall.RawConn) error {
	if !o.ReusePort {
		return o.Control
	}
	return func(network, addr string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) { err = reusePort(fd) }); e != nil {
			return e
		}
		if err != nil || o.Control == nil {
			return err
		}
		return o.Control(network, addr, c)
	}
}
