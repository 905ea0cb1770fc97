package portable

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// These tests cover what the tests of package aionet, which also run on this network, do not.

// guard is how long a test waits for what must happen.
const guard = 2 * time.Minute

// run makes a network of a loop and calls body in its main task.
func run(t *testing.T, body func(ctx context.Context, n *network)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), guard)
	defer cancel()
	if err := asyncio.Run(ctx, func(ctx context.Context) error {
		caller, err := engine.Enter(ctx)
		if err != nil {
			return err
		}
		n, err := New(caller.L)
		if err != nil {
			return err
		}
		body(ctx, n.(*network))
		return ctx.Err()
	}); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func listen(ctx context.Context, t *testing.T, n *network) *listener {
	t.Helper()
	l, err := n.Listen(ctx, "tcp", "127.0.0.1:0", netport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l.(*listener)
}

func knock(t *testing.T, at net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(at.Network(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// pair returns a stream, and package net's other side of it.
func pair(ctx context.Context, t *testing.T, n *network) (netport.Stream, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := n.Dial(ctx, "tcp", l.Addr().String(), netport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return s, far
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: the error is %v, want %v", what, got, want)
	}
}

func TestDrain_AcceptsTheBacklog(t *testing.T) {
	run(t, func(ctx context.Context, n *network) {
		l := listen(ctx, t, n)
		_, err := l.Accept() // a goroutine accepts ahead
		wantErr(t, "Accept", err, netport.ErrAgain)
		for range 5 {
			knock(t, l.Addr())
		}
		for _, c := range []struct{ most, want int }{{3, 3}, {10, 2}, {10, 0}} {
			taken, err := l.Drain(c.most)
			if len(taken) != c.want || err != nil {
				t.Errorf("Drain(%d) took %d, %v; want %d", c.most, len(taken), err, c.want)
			}
			for _, s := range taken {
				s.Close()
			}
		}
		l.Close()
		if taken, err := l.Drain(1); taken != nil || err != nil {
			t.Errorf("Drain after Close took %d", len(taken))
		}
		_, err = l.Accept()
		wantErr(t, "Accept after Close", err, net.ErrClosed)
		wantErr(t, "a second Close", l.Close(), net.ErrClosed)
	})
}

// A connection that was accepted ahead is closed by Close and at the end of the loop.
func TestClose_ClosesAConnectionAcceptedAhead(t *testing.T) {
	for name, closes := range map[string]bool{"Close": true, "the loop's end": false} {
		t.Run(name, func(t *testing.T) {
			var c net.Conn
			run(t, func(ctx context.Context, n *network) {
				l := listen(ctx, t, n)
				l.Accept()
				c = knock(t, l.Addr())
				if closes {
					l.Close()
				}
			})
			c.SetDeadline(time.Now().Add(guard))
			if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Read: %d, %v; want the end", n, err)
			}
		})
	}
}

// After Close the written data is sent, and then the EOF of CloseWrite.
func TestCloseAfterWriting(t *testing.T) {
	run(t, func(ctx context.Context, n *network) {
		for _, half := range []bool{false, true} {
			s, far := pair(ctx, t, n)
			text := bytes.Repeat([]byte("x"), maxWrite)
			if n, err := s.Write(text); n != len(text) || err != nil {
				t.Errorf("Write: %d, %v", n, err)
			}
			if half {
				if err := s.CloseWrite(); err != nil {
					t.Errorf("CloseWrite: %v", err)
				}
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if got, err := io.ReadAll(far); len(got) != len(text) || err != nil {
				t.Errorf("%d bytes came, %v", len(got), err)
			}
			_, err := s.Write(text)
			wantErr(t, "Write after Close", err, net.ErrClosed)
			_, err = s.Read(text)
			wantErr(t, "Read after Close", err, net.ErrClosed)
			wantErr(t, "a second Close", s.Close(), net.ErrClosed)
		}
	})
}

func TestAdoptRefuses(t *testing.T) {
	run(t, func(ctx context.Context, n *network) {
		f, err := os.Create(filepath.Join(t.TempDir(), "regular"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := n.Adopt(ctx, f); err == nil {
			t.Error("a regular file was adopted")
		}
		closed, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		closed.Close()
		defer w.Close()
		if _, err := n.Adopt(ctx, closed); err == nil {
			t.Error("a closed file was adopted")
		}
		if len(n.open) != 0 {
			t.Errorf("%d sockets are open", len(n.open))
		}
	})
}

// console is a file whose reads nothing ends.
type console struct{ reading, end chan struct{} }

func (c console) Read([]byte) (int, error) {
	close(c.reading)
	<-c.end
	return 0, io.EOF
}
func (console) Write(p []byte) (int, error)      { return len(p), nil }
func (console) Close() error                     { return nil }
func (console) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (console) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

func TestLoopEndDoesNotWaitForAConsole(t *testing.T) {
	c := console{make(chan struct{}), make(chan struct{})}
	run(t, func(ctx context.Context, n *network) {
		s := n.stream(c, fileAddr("console"), fileAddr("console"))
		_, err := s.Read(make([]byte, 1))
		wantErr(t, "Read", err, netport.ErrAgain)
		<-c.reading
		wantErr(t, "Control", s.Control(func(uintptr) {}), errors.ErrUnsupported)
		wantErr(t, "CloseWrite", s.CloseWrite(), errors.ErrUnsupported)
		wantErr(t, "SetNoDelay", s.SetNoDelay(true), errors.ErrUnsupported)
	}) // ends
	close(c.end)
}
