package aionet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Peers that reset, fall silent, or do not read.

// reset makes the far side drop the connection.
func reset(t *testing.T, far *net.TCPConn) {
	t.Helper()
	if err := far.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	shut(t, far)
}

func TestPeerResets(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		c, far := peer(ctx, t)
		r := reading(ctx, c)
		w := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return c.Write(make([]byte, 64<<20)) })
		turns(ctx, t, 100)
		reset(t, far)
		_, readErr := r.Await(ctx)
		n, writeErr := w.Await(ctx)
		if readErr == nil || writeErr == nil || n == 0 || n == 64<<20 {
			t.Errorf("Read: %v; Write: %d, %v", readErr, n, writeErr)
		}
		// One call returns ECONNRESET, the other EPIPE or io.EOF.
		var heard bool
		for _, err := range []error{readErr, writeErr} {
			heard = heard || isAny(err, syscall.ECONNRESET)
			if !isAny(err, syscall.ECONNRESET, syscall.EPIPE, io.EOF) {
				t.Errorf("the error is %v", err)
			}
		}
		if !heard {
			t.Errorf("no call returned the reset: %v and %v", readErr, writeErr)
		}
		_, err := c.Write([]byte("x"))
		if !(portable && errors.Is(err, syscall.ECONNRESET)) { // where the first error of writing stays
			wantErr(t, "Write later", err, syscall.EPIPE)
		}
		shut(t, c)
	})
}

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if bytes.Contains([]byte(err.Error()), []byte(target.Error())) {
			return true
		}
	}
	return false
}

// A half-open connection looks like a silent peer. Deadlines and time-outs end the calls.
func TestHalfOpen(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l, end := serve(ctx, t, func(ctx context.Context, c *aionet.Conn) error {
			c.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
			_, err := c.Read(make([]byte, 1))
			wantTimeout(t, "Read from a silent client", err)
			return nil
		})
		c := dial(ctx, t, l.Addr())
		wantEOF(t, c)
		shut(t, c)
		end()
	})
}

// If the peer does not read, the system's buffers bound the data in flight, and the writer waits.
func TestSlowReader(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		c, far := peer(ctx, t)
		written := 0
		task := asyncio.Go(ctx, func(context.Context) error {
			for {
				n, err := c.Write(make([]byte, 64<<10))
				written += n
				if err != nil {
					return err
				}
			}
		})
		for last := -1; last != written; { // until it gets no further
			last = written
			asyncio.Sleep(ctx, 20*time.Millisecond)
		}
		stuck := written
		if stuck > 64<<20 {
			t.Errorf("%d bytes are under way", stuck)
		}
		for got := 0; got < stuck; { // the writer continues as the peer reads
			n, err := far.Read(make([]byte, 1<<20))
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
		until(ctx, t, "the writer continues", func() bool { return written > stuck })
		shut(t, c)
		_, err := task.Await(ctx)
		wantErr(t, "Write", err, net.ErrClosed)
		shut(t, far)
	})
}

// Bytes that arrive one by one are read one by one.
func TestSlowWriter(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		c, far := peer(ctx, t)
		task := asyncio.CreateTask(ctx, func(context.Context) (string, error) {
			b, err := io.ReadAll(c)
			return string(b), err
		})
		for _, b := range []byte("slowly") {
			far.Write([]byte{b})
			asyncio.Sleep(ctx, time.Millisecond)
		}
		shut(t, far)
		if got, err := task.Await(ctx); got != "slowly" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		shut(t, c)
	})
}
