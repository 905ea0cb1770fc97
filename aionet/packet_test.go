package aionet_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// UDP datagrams keep their boundaries and have a sender.

func listenPacket(ctx context.Context, t *testing.T, network, addr string, opts ...aionet.PacketOption) *aionet.PacketConn {
	t.Helper()
	p, err := aionet.ListenPacket(ctx, network, addr, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestUDP(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(addr, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				var c net.ListenConfig
				if p, err := c.ListenPacket(ctx, "udp", addr); err != nil {
					lacks(t, "%s: %v", addr, err)
				} else {
					p.Close()
				}
				a, b := listenPacket(ctx, t, "udp", addr), listenPacket(ctx, t, "udp", addr)
				var _ net.PacketConn = a
				p := make([]byte, 100)
				for _, text := range []string{"one", "", "three"} {
					if n, err := a.WriteTo([]byte(text), b.LocalAddr()); n != len(text) || err != nil {
						t.Errorf("WriteTo: %d, %v", n, err)
					}
					n, from, err := b.ReadFrom(p)
					if string(p[:n]) != text || err != nil || from.String() != a.LocalAddr().String() {
						t.Errorf("ReadFrom: %q, %v, %v; want %q from %v", p[:n], from, err, text, a.LocalAddr())
					}
				}
				a.WriteTo([]byte("too long"), b.LocalAddr())
				if n, _, err := b.ReadFrom(p[:3]); string(p[:n]) != "too" || err != nil {
					t.Errorf("ReadFrom into a small buffer: %q, %v", p[:n], err)
				}
				a.WriteTo([]byte("next"), b.LocalAddr())
				if n, _, err := b.ReadFrom(p); string(p[:n]) != "next" || err != nil {
					t.Errorf("ReadFrom after that: %q, %v", p[:n], err)
				}
				shut(t, a, b)
			})
		})
	}
}

func TestUDPWaits(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := listenPacket(ctx, t, "udp", "127.0.0.1:0"), listenPacket(ctx, t, "udp", "127.0.0.1:0")
		receive := func(ctx context.Context) (string, error) {
			p := make([]byte, 100)
			n, _, err := b.ReadFrom(p)
			return string(p[:n]), err
		}
		task := asyncio.CreateTask(ctx, receive)
		turns(ctx, t, 2)
		_, _, err := b.ReadFrom(make([]byte, 1))
		wantErr(t, "a second reader", err, aionet.ErrConnBusy)
		a.WriteTo([]byte("late"), b.LocalAddr())
		if got, err := task.Await(ctx); got != "late" || err != nil {
			t.Errorf("%q, %v", got, err)
		}

		task = asyncio.CreateTask(ctx, receive)
		turns(ctx, t, 2)
		task.Cancel(nil)
		task.Await(ctx)
		wantErr(t, "ReadFrom", task.Err(), context.Canceled)

		b.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, err = receive(ctx)
		wantTimeout(t, "ReadFrom", err)
		b.SetReadDeadline(time.Time{})

		echo := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			return asyncio.ToThread(ctx, func(ctx context.Context) (string, error) { // a goroutine of no loop
				p := make([]byte, 100)
				n, from, err := b.ReadFrom(p)
				if err != nil {
					return "", err
				}
				_, err = b.WriteTo(p[:n], from)
				return string(p[:n]), err
			})
		})
		turns(ctx, t, 2)
		a.WriteTo([]byte("echo"), b.LocalAddr())
		p := make([]byte, 100)
		if n, from, err := a.ReadFrom(p); string(p[:n]) != "echo" || err != nil || from.String() != b.LocalAddr().String() {
			t.Errorf("%q from %v, %v", p[:n], from, err)
		}
		if got, err := echo.Await(ctx); got != "echo" || err != nil {
			t.Errorf("%q, %v", got, err)
		}

		task = asyncio.CreateTask(ctx, receive)
		turns(ctx, t, 2)
		shut(t, b)
		_, err = task.Await(ctx)
		wantErr(t, "the ReadFrom that waited", err, net.ErrClosed)
		_, err = b.WriteTo([]byte("x"), a.LocalAddr())
		wantErr(t, "WriteTo after Close", err, net.ErrClosed)
		wantErr(t, "a second Close", b.Close(), net.ErrClosed)
		shut(t, a)
	})
}

func TestUDP_InvalidAddresses(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		four := listenPacket(ctx, t, "udp4", "127.0.0.1:0")
		for _, to := range []net.Addr{
			&net.UDPAddr{IP: net.IPv6loopback, Port: 80},
			&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80},
			&net.UnixAddr{Name: "/tmp/x", Net: "unixgram"},
			(*net.UDPAddr)(nil),
			nil,
		} {
			_, err := four.WriteTo([]byte("x"), to)
			var op *net.OpError
			if !errors.As(err, &op) || to != nil && !strings.Contains(err.Error(), to.String()) {
				t.Errorf("WriteTo %v: %v; want an error that names it", to, err)
			}
		}
		// Without an address of a host it is this one, as in package net.
		port := four.LocalAddr().(*net.UDPAddr).Port
		if _, err := four.WriteTo([]byte("self"), &net.UDPAddr{Port: port}); err != nil {
			t.Errorf("WriteTo: %v", err)
		}
		p := make([]byte, 10)
		if n, _, err := four.ReadFrom(p); string(p[:n]) != "self" || err != nil {
			t.Errorf("%q, %v", p[:n], err)
		}
		_, err := four.WriteTo(make([]byte, 1<<17), four.LocalAddr())
		wantErr(t, "a datagram too long", err, syscall.EMSGSIZE)
		shut(t, four)
	})
}

// Dial gives a socket that talks to one peer, and hears that it is not there.
func TestUDPDialled(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		b := listenPacket(ctx, t, "udp", "127.0.0.1:0")
		a := dial(ctx, t, b.LocalAddr())
		stranger := listenPacket(ctx, t, "udp", "127.0.0.1:0")
		stranger.WriteTo([]byte("spam"), a.LocalAddr())
		write(t, a, "hello")
		p := make([]byte, 100)
		n, from, err := b.ReadFrom(p)
		if string(p[:n]) != "hello" || err != nil {
			t.Errorf("%q, %v", p[:n], err)
		}
		for _, text := range []string{"", "answer", "and more"} { // each a Read, and an empty one is no end
			b.WriteTo([]byte(text), from)
			if n, err := a.Read(p); string(p[:n]) != text || err != nil {
				t.Errorf("Read: %q, %v; want %q", p[:n], err, text)
			}
		}
		b.WriteTo([]byte("lent"), from)
		if p, err := a.Next(); string(p) != "lent" || err != nil {
			t.Errorf("Next: %q, %v", p, err)
		}
		a.Release()
		shut(t, b)
		task := reading(ctx, a)
		turns(ctx, t, 2)
		write(t, a, "anybody there?")
		_, err = task.Await(ctx)
		wantErr(t, "Read", err, syscall.ECONNREFUSED)
		shut(t, a, stranger)
	})
}
