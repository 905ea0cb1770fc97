//go:build unix

package aionet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// During a storm of clients of a unix socket, Shutdown serves every client that has connected.
// With TCP a client is connected before the server's system has it in the backlog, so a few
// clients are reset.

// A storm is a number of clients. Each connects, sends a byte and reads it back, repeatedly,
// until a connection is refused.
type storm struct {
	addr         string
	all          sync.WaitGroup
	served, lost atomic.Int64
	firstLost    atomic.Value
}

func (s *storm) begin(clients int) {
	for range clients {
		s.all.Go(func() {
			for s.visit() {
			}
		})
	}
}

// visit makes one connection. It reports whether to make another.
func (s *storm) visit() bool {
	c, err := net.Dial("unix", s.addr)
	if errors.Is(err, syscall.EAGAIN) { // the backlog of a unix socket is full
		return true
	}
	if err != nil {
		return false
	}
	defer c.Close()
	_, err = c.Write([]byte("x"))
	if err == nil {
		_, err = io.ReadFull(c, make([]byte, 1))
	}
	if err != nil {
		s.lost.Add(1)
		s.firstLost.CompareAndSwap(nil, err.Error())
		return true
	}
	s.served.Add(1)
	return true
}

// end waits until all clients have been refused.
func (s *storm) end(t *testing.T) {
	t.Helper()
	s.all.Wait()
	if n := s.lost.Load(); n > 0 {
		t.Errorf("%d of %d clients that had connected were not served: %v", n, n+s.served.Load(), s.firstLost.Load())
	}
	if s.served.Load() == 0 {
		t.Error("no client was served")
	}
}

// answerByte sends one byte back.
func answerByte(_ context.Context, c *aionet.Conn) error {
	b := make([]byte, 1)
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	_, err := c.Write(b)
	return err
}

// answerer is answerByte as a protocol.
type answerer struct {
	aionet.BaseProtocol
	t *aionet.Transport
}

func (a *answerer) ConnectionMade(t *aionet.Transport) { a.t = t }
func (a *answerer) DataReceived(data []byte)           { a.t.Write(data); a.t.Close() }

func TestShutdown_UnderLoad(t *testing.T) {
	for name, serve := range map[string]func(ctx context.Context, l *aionet.Listener) error{
		"Serve": func(ctx context.Context, l *aionet.Listener) error { return l.Serve(ctx, answerByte) },
		"ServeProtocol": func(ctx context.Context, l *aionet.Listener) error {
			return l.ServeProtocol(ctx, func() aionet.Protocol { return &answerer{} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range stormRounds {
				onLoop(t, func(ctx context.Context) {
					l, err := aionet.Listen(ctx, "unix", filepath.Join(t.TempDir(), "s"))
					if err != nil {
						t.Fatal(err)
					}
					server := asyncio.Go(ctx, func(ctx context.Context) error { return serve(ctx, l) })
					s := &storm{addr: l.Addr().String()}
					s.begin(8)
					until(ctx, t, "the storm has begun", func() bool { return s.served.Load() > 20 })
					if err := l.Shutdown(ctx); err != nil {
						t.Errorf("Shutdown: %v", err)
					}
					if _, err := server.Await(ctx); err != nil {
						t.Errorf("Serve: %v", err)
					}
					asyncio.ToThread(ctx, func(context.Context) (none struct{}, _ error) { s.end(t); return none, nil })
				})
			}
		})
	}
}

func TestServeLoops_ShutdownUnderLoad(t *testing.T) {
	for range stormRounds {
		f := launch(t, "unix", nil, handlers(3, "unix", answerByte))
		s := &storm{addr: f.addr}
		s.begin(8)
		if !eventually(func() bool { return s.served.Load() > 20 }) {
			t.Error("the storm does not begin")
		}
		f.cancel(nil)
		<-f.ended
		if f.err != nil {
			t.Errorf("ServeLoops: %v", f.err)
		}
		s.end(t)
	}
}

const stormRounds = 5
