package aionet_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

func ExampleConn_SetNoDelay() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Println(a.SetNoDelay(false)) // many small writes, and no hurry
		return errors.Join(a.Close(), b.Close())
	})
	// Output: <nil>
}

func ExampleConn_SetKeepAlive() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Println(a.SetKeepAlive(false)) // the protocol has its own heartbeat
		return errors.Join(a.Close(), b.Close())
	})
	// Output: <nil>
}

func ExampleConn_SetKeepAlivePeriod() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Println(a.SetKeepAlivePeriod(time.Minute))
		return errors.Join(a.Close(), b.Close())
	})
	// Output: <nil>
}

func ExampleConn_SetKeepAliveConfig() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Println(a.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 10 * time.Second, Count: 3}))
		return errors.Join(a.Close(), b.Close())
	})
	// Output: <nil>
}

// SetLinger(0) resets the connection of a misbehaving peer.
func ExampleConn_SetLinger() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		a.SetLinger(0)
		a.Close()
		_, err := b.Read(make([]byte, 1))
		fmt.Println(errors.Is(err, syscall.ECONNRESET))
		return b.Close()
	})
	// Output: true
}

func ExampleConn_SetReadBuffer() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Println(a.SetReadBuffer(1 << 20))
		return errors.Join(a.Close(), b.Close())
	})
	// Output: <nil>
}

func ExampleConn_SetWriteBuffer() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Println(a.SetWriteBuffer(1 << 20))
		return errors.Join(a.Close(), b.Close())
	})
	// Output: <nil>
}

func ExampleConn_SyscallConn() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		raw, err := a.SyscallConn()
		if err != nil {
			return err
		}
		err = raw.Control(func(fd uintptr) { fmt.Println("it has a descriptor") })
		return errors.Join(err, a.Close(), b.Close())
	})
	// Output: it has a descriptor
}
