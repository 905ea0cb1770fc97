//go:build linux && !asyncio_portable

package memnet_test

import (
	"context"
	"net"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

var packetScenes = []aScene{
	{name: "datagrams", networks: "udp unixgram", play: func(ctx context.Context, s *scene, network string) {
		one, two := s.packets(ctx, network), s.packets(ctx, network)
		for _, size := range []int{0, 1, 1000} {
			n, err := one.WriteTo(make([]byte, size), two.LocalAddr())
			s.see("wrote %d: %v", n, err)
			n, from, err := two.ReadFrom(make([]byte, 2000))
			s.see("read %d: %v", n, err)
			s.see("from: %t", from != nil && from.String() == one.LocalAddr().String() && from.Network() == network)
		}
		s.must(one.WriteTo([]byte("cut short"), two.LocalAddr()))
		b := make([]byte, 3)
		n, _, err := two.ReadFrom(b)
		s.see("read %q: %v", b[:n], err)
		two.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, _, err = two.ReadFrom(b)
		s.see("read: %v", err)
		s.see("closes: %v", two.Close())
		s.see("closes again: %v", two.Close())
		_, _, err = two.ReadFrom(b)
		s.see("read: %v", err)
		_, err = two.WriteTo(b, one.LocalAddr())
		s.see("write: %v", err)
		_, err = one.WriteTo(b, &net.TCPAddr{})
		s.see("write to another kind of address: %t", err != nil)
	}},

	{name: "datagrams to addresses that do not fit", networks: "udp", play: func(ctx context.Context, s *scene, network string) {
		one := s.packets(ctx, network)
		for _, to := range []net.Addr{nil, (*net.UDPAddr)(nil), (*net.UnixAddr)(nil), &net.UnixAddr{Name: "/tmp/x"}, &net.UDPAddr{IP: net.IPv6loopback, Port: 9}} {
			n, err := one.WriteTo([]byte("x"), to)
			s.see("wrote %d to %T: %t", n, to, err != nil)
		}
		n, err := one.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		s.see("wrote %d to port 0: %v", n, err)
		n, err = one.WriteTo([]byte("self"), &net.UDPAddr{Port: one.LocalAddr().(*net.UDPAddr).Port})
		s.see("wrote %d: %v", n, err)
		b := make([]byte, 10)
		n, _, err = one.ReadFrom(b)
		s.see("read %q: %v", b[:n], err)
	}},

	{name: "datagrams to an unused address", networks: "udp unixgram", play: func(ctx context.Context, s *scene, network string) {
		one, two := s.packets(ctx, network), s.packets(ctx, network)
		two.Close()
		n, err := one.WriteTo([]byte("x"), two.LocalAddr())
		s.see("wrote %d: %v", n, err)
		c, err := aionet.Dial(ctx, network, two.LocalAddr().String())
		s.see("dials: %v", err)
		if err == nil {
			s.write("dialled", c)
			s.read("dialled", c)
			s.write("dialled", c)
		}
	}},

	{name: "datagrams that are too long", networks: "udp", play: func(ctx context.Context, s *scene, network string) {
		one, two := s.packets(ctx, network), s.packets(ctx, network)
		n, err := one.WriteTo(make([]byte, 65507), two.LocalAddr())
		s.see("wrote %d: %v", n, err)
		n, _, err = two.ReadFrom(make([]byte, 70_000))
		s.see("read %d: %v", n, err)
		n, err = one.WriteTo(make([]byte, 65508), two.LocalAddr())
		s.see("wrote %d: %v", n, err)
	}},

	{name: "dialled datagrams", networks: "udp", play: func(ctx context.Context, s *scene, network string) {
		server, stranger := s.packets(ctx, network), s.packets(ctx, network)
		c, err := aionet.Dial(ctx, network, server.LocalAddr().String())
		s.see("dials: %v", err)
		s.write("dialled", c)
		b := make([]byte, 10)
		n, from, err := server.ReadFrom(b)
		s.see("read %q: %v", b[:n], err)
		s.see("from: %t", from.String() == c.LocalAddr().String())
		s.must(stranger.WriteTo([]byte("from a stranger"), from))
		s.must(server.WriteTo([]byte("answer"), from))
		s.must(server.WriteTo(nil, from))
		n, err = c.Read(b)
		s.see("dialled read %q: %v", b[:n], err)
		s.read("dialled, nothing,", c)
		s.see("closes: %v", c.Close())
	}},

	{name: "unread datagrams", networks: "unixgram", play: func(ctx context.Context, s *scene, network string) {
		one, two := s.packets(ctx, network), s.packets(ctx, network)
		var sent int
		var err error
		writer := asyncio.Go(ctx, func(ctx context.Context) error {
			for ; err == nil && sent < 1_000_000; sent++ {
				_, err = one.WriteTo(make([]byte, 1000), two.LocalAddr())
			}
			return nil
		})
		for last := -1; last != sent; { // until it gets no further
			last = sent
			asyncio.Sleep(ctx, time.Millisecond)
		}
		writer.Cancel(nil)
		writer.Await(ctx)
		s.see("the writer waits: %v", err)
		_, _, err = two.ReadFrom(make([]byte, 1000))
		s.see("read: %v", err)
		_, err = one.WriteTo(make([]byte, 1000), two.LocalAddr())
		s.see("and now writes: %v", err)
	}},
}
