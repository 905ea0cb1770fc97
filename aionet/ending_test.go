//go:build unix

package aionet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// The guide's recipe for a graceful shutdown, with clients that keep their connections. Each
// request that the server has read is answered, and idle connections end.
func TestShutdownOrder_UnderLoad(t *testing.T) {
	_, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM) // package os/signal keeps a goroutine
	stop()
	onLoop(t, func(ctx context.Context) {
		accepted := 0
		var answered atomic.Int64
		l := listen(ctx, t)
		interrupted, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
		defer stop()
		serving := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.Serve(ctx, func(ctx context.Context, c *aionet.Conn) error { return serveLines(ctx, c, &accepted) })
		})
		var clients sync.WaitGroup
		for range 40 {
			clients.Go(func() { askLines(t, l.Addr(), &answered) })
		}
		idle := dial(ctx, t, l.Addr()) // sends no request
		asyncio.Go(ctx, func(ctx context.Context) error {
			until(ctx, t, "the load has begun", func() bool { return accepted > 200 })
			return syscall.Kill(syscall.Getpid(), syscall.SIGTERM)
		})
		if _, err := serving.Await(interrupted); interrupted.Err() == nil {
			t.Fatalf("Serve: %v", err)
		}
		stop()
		limited, cancel := asyncio.WithTimeout(ctx, guard)
		defer cancel()
		if err := l.Shutdown(limited); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if _, err := serving.Await(ctx); err != nil {
			t.Errorf("Serve: %v", err)
		}
		wantEOF(t, idle)
		shut(t, idle)
		elsewhere(ctx, t, func() error { clients.Wait(); return nil })
		if n := answered.Load(); n != int64(accepted) {
			t.Errorf("%d requests were accepted, %d answered", accepted, n)
		}
	})
}

// serveLines answers each line, like the line protocol in the guide.
func serveLines(ctx context.Context, c *aionet.Conn, accepted *int) error {
	idle := true
	asyncio.Go(ctx, func(ctx context.Context) error {
		_, _, err := asyncio.Recv(ctx, aionet.Draining(ctx))
		if err == nil && idle {
			c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		}
		return err
	})
	for in := bufio.NewReader(c); ; {
		idle = true
		line, err := in.ReadString('\n')
		if err != nil {
			return nil
		}
		idle = false
		*accepted++
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(c, "you said %s", line); err != nil {
			return err
		}
		select {
		case <-aionet.Draining(ctx):
			return nil
		default:
		}
	}
}

// askLines sends requests until the server has ended the connection.
func askLines(t *testing.T, addr net.Addr, answered *atomic.Int64) {
	c, err := net.Dial(addr.Network(), addr.String())
	if errors.Is(err, syscall.ECONNREFUSED) {
		return
	}
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	for in := bufio.NewReader(c); ; {
		if _, err := fmt.Fprintln(c, "hello"); err != nil {
			return
		}
		line, err := in.ReadString('\n')
		switch line {
		case "you said hello\n":
			answered.Add(1)
		case "":
			return
		default:
			t.Errorf("half an answer: %q, %v", line, err)
			return
		}
	}
}
