package aionet_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/asyncio-go/asyncio/aionet"
)

// sockets returns two datagram sockets for the examples.
func sockets(ctx context.Context) (a, b *aionet.PacketConn) {
	a, err := aionet.ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	if b, err = aionet.ListenPacket(ctx, "udp", "127.0.0.1:0"); err != nil {
		panic(err)
	}
	return a, b
}

func ExampleListenPacket() {
	run(func(ctx context.Context) error {
		p, err := aionet.ListenPacket(ctx, "udp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(p.LocalAddr().Network())
		return p.Close()
	})
	// Output: udp
}

func ExamplePacketConn() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		a.WriteTo([]byte("ping"), b.LocalAddr())
		buf := make([]byte, 1500)
		n, from, err := b.ReadFrom(buf)
		if err != nil {
			return err
		}
		fmt.Println(string(buf[:n]))
		b.WriteTo([]byte("pong"), from)
		n, _, err = a.ReadFrom(buf)
		fmt.Println(string(buf[:n]))
		return errors.Join(err, a.Close(), b.Close())
	})
	// Output:
	// ping
	// pong
}

func ExamplePacketConn_ReadFrom() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		a.WriteTo([]byte("hello"), b.LocalAddr())
		buf := make([]byte, 1500)
		n, from, err := b.ReadFrom(buf)
		fmt.Println(string(buf[:n]), from.String() == a.LocalAddr().String())
		return errors.Join(err, a.Close(), b.Close())
	})
	// Output: hello true
}

func ExamplePacketConn_WriteTo() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		n, err := a.WriteTo([]byte("hello"), b.LocalAddr())
		fmt.Println(n)
		return errors.Join(err, a.Close(), b.Close())
	})
	// Output: 5
}

func ExamplePacketConn_SetReadDeadline() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		a.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, _, err := a.ReadFrom(make([]byte, 1500))
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		return errors.Join(a.Close(), b.Close())
	})
	// Output: true
}

func ExamplePacketConn_Close() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		a.Close()
		_, err := a.WriteTo([]byte("too late"), b.LocalAddr())
		fmt.Println(errors.Is(err, net.ErrClosed))
		return b.Close()
	})
	// Output: true
}

func ExamplePacketConn_SetWriteDeadline() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		a.SetWriteDeadline(time.Now())
		_, err := a.WriteTo([]byte("too late"), b.LocalAddr())
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		return errors.Join(a.Close(), b.Close())
	})
	// Output: true
}

func ExamplePacketConn_SetDeadline() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		a.SetDeadline(time.Now())
		_, _, err := a.ReadFrom(make([]byte, 1500))
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		a.SetDeadline(time.Time{}) // none
		_, err = a.WriteTo([]byte("in time"), b.LocalAddr())
		return errors.Join(err, a.Close(), b.Close())
	})
	// Output: true
}

func ExamplePacketConn_LocalAddr() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		fmt.Println(a.LocalAddr().(*net.UDPAddr).IP, a.LocalAddr().String() != b.LocalAddr().String())
		return errors.Join(a.Close(), b.Close())
	})
	// Output: 127.0.0.1 true
}

// A larger receive buffer for bursts of datagrams.
func ExamplePacketConn_SetReadBuffer() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		fmt.Println(a.SetReadBuffer(1 << 20))
		return errors.Join(a.Close(), b.Close())
	})
	// Output: <nil>
}

func ExamplePacketConn_SetWriteBuffer() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		fmt.Println(a.SetWriteBuffer(1 << 20))
		return errors.Join(a.Close(), b.Close())
	})
	// Output: <nil>
}

func ExamplePacketConn_SyscallConn() {
	run(func(ctx context.Context) error {
		a, b := sockets(ctx)
		raw, err := a.SyscallConn()
		if err != nil {
			return err
		}
		err = raw.Control(func(fd uintptr) { fmt.Println("to join a multicast group, say") })
		return errors.Join(err, a.Close(), b.Close())
	})
	// Output: to join a multicast group, say
}
