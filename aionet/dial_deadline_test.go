package aionet_test

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// If ctx ends during a call that makes a socket, the call returns a *net.OpError that matches
// ctx.Err() and the cause of ctx.

// makers are calls that make a socket.
var makers = map[string]struct {
	op, network, addr string
	call              func(ctx context.Context, network, addr string, opts ...aionet.Option) error
}{
	"Dial":          {"dial", "tcp", "127.0.0.1:1", dialOnly},
	"Dial a name":   {"dial", "tcp", "localhost:1", dialOnly},
	"Dial udp":      {"dial", "udp", "127.0.0.1:1", dialOnly},
	"Dial unix":     {"dial", "unix", "/does/not/exist", dialOnly},
	"Dial unixgram": {"dial", "unixgram", "/does/not/exist", dialOnly},
	"DialProtocol": {"dial", "tcp", "127.0.0.1:1", func(ctx context.Context, network, addr string, opts ...aionet.Option) error {
		_, err := aionet.DialProtocol(ctx, network, addr, func() aionet.Protocol { return &aionet.BaseProtocol{} }, opts...)
		return err
	}},
	"Listen": {"listen", "tcp", "localhost:0", func(ctx context.Context, network, addr string, opts ...aionet.Option) error {
		var all []aionet.ListenOption
		for _, o := range opts {
			all = append(all, o)
		}
		_, err := aionet.Listen(ctx, network, addr, all...)
		return err
	}},
	"ListenPacket": {"listen", "udp", "localhost:0", func(ctx context.Context, network, addr string, opts ...aionet.Option) error {
		var all []aionet.PacketOption
		for _, o := range opts {
			all = append(all, o)
		}
		_, err := aionet.ListenPacket(ctx, network, addr, all...)
		return err
	}},
}

func dialOnly(ctx context.Context, network, addr string, opts ...aionet.Option) error {
	_, err := aionet.Dial(ctx, network, addr, opts...)
	return err
}

// wantEnded checks the error of a call during which ctx has ended.
func wantEnded(t *testing.T, name string, err error, ctx context.Context, op, network, addr string) {
	t.Helper()
	var o *net.OpError
	switch {
	case !errors.As(err, &o) || o.Op != op || o.Net != network || o.Addr == nil:
		t.Errorf("%s: %v; want a *net.OpError of %s %s with the address", name, err, op, network)
	case ctx.Err() == nil:
		t.Errorf("%s: %v, before the ctx has ended", name, err)
	case !errors.Is(err, ctx.Err()) || !errors.Is(err, context.Cause(ctx)):
		t.Errorf("%s: %v; want it to match %v and %v", name, err, ctx.Err(), context.Cause(ctx))
	case ctx.Err() == context.DeadlineExceeded && (!o.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded)):
		t.Errorf("%s: %v: Timeout is %t; want a time-out", name, err, o.Timeout())
	case ctx.Err() == context.Canceled && (o.Timeout() || errors.Is(err, context.DeadlineExceeded)):
		t.Errorf("%s: %v: a cancellation counts as a time-out", name, err)
	}
}

func TestDial_EndedCtxReturnsOpError(t *testing.T) {
	boom := errors.New("boom")
	ends := map[string]func(ctx context.Context) (context.Context, func()){
		"WithTimeout": func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := asyncio.WithTimeout(ctx, 10*time.Millisecond)
			return ctx, func() { cancel() }
		},
		"std deadline": func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			return ctx, func() { cancel() }
		},
		"std deadline with a cause": func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Millisecond, boom)
			return ctx, func() { cancel() }
		},
		"cancellation with a cause": func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(10*time.Millisecond, func() { cancel(boom) })
			return ctx, func() { cancel(nil) }
		},
		"cancellation": func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(10*time.Millisecond, cancel)
			return ctx, cancel
		},
	}
	for end, limit := range ends {
		t.Run(end, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				for name, m := range makers {
					limited, cancel := limit(ctx)
					silent := aionet.Control(func(string, string, syscall.RawConn) error { <-limited.Done(); return nil })
					wantEnded(t, name, m.call(limited, m.network, m.addr, silent), limited, m.op, m.network, m.addr)
					cancel()
				}
			})
		})
	}
}

// If package net reports the deadline before the ctx ends, the error is that of the ctx.
func TestDial_TimeoutBeforeTheCtxEnds(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		for name, m := range makers {
			limited, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			deadline, _ := limited.Deadline()
			// The error of the system at the deadline, returned before the timer of ctx fires.
			early := aionet.Control(func(string, string, syscall.RawConn) error {
				for time.Now().Before(deadline) {
				}
				return os.ErrDeadlineExceeded
			})
			wantEnded(t, name, m.call(limited, m.network, m.addr, early), limited, m.op, m.network, m.addr)
			cancel()
		}
		// ETIMEDOUT of the system does not count as the deadline of ctx.
		limited, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		_, err := aionet.Dial(limited, "tcp", "127.0.0.1:1", aionet.Control(func(string, string, syscall.RawConn) error { return syscall.ETIMEDOUT }))
		if !errors.Is(err, syscall.ETIMEDOUT) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ETIMEDOUT of the system: %v", err)
		}
	})
}

func TestDial_EndedCtxInMemory(t *testing.T) {
	for name, m := range makers {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				limited, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				if m.network != "tcp" || m.op == "listen" {
					return // in memory these calls do not block
				}
				wantEnded(t, name, m.call(limited, m.network, m.addr), limited, m.op, m.network, m.addr)
			}, asynciotest.WithNetwork(asynciotest.NewNetwork(asynciotest.Latency(time.Hour, time.Hour))))
		})
	}
}
