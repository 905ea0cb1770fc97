package aionet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Close wakes all waiting calls, and later calls fail.

func TestCloseWhileReadingAndWriting(t *testing.T) {
	closers := map[string]func(ctx context.Context, c io.Closer) error{
		"from another task": func(_ context.Context, c io.Closer) error { return c.Close() },
		"from another goroutine": func(ctx context.Context, c io.Closer) error {
			_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { return 0, c.Close() })
			return err
		},
		"from a callback": func(ctx context.Context, c io.Closer) (err error) {
			asyncio.LoopOf(ctx).CallSoon(func() { err = c.Close() })
			asyncio.Sleep(ctx, 0)
			return err
		},
	}
	for name, closeIt := range closers {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				a, b := pair(ctx, t)
				r := reading(ctx, a)
				w := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return a.Write(make([]byte, 32<<20)) })
				turns(ctx, t, 100)
				if err := closeIt(ctx, a); err != nil {
					t.Errorf("Close: %v", err)
				}
				_, err := r.Await(ctx)
				wantErr(t, "Read", err, net.ErrClosed)
				n, err := w.Await(ctx)
				wantErr(t, "Write", err, net.ErrClosed)
				if n == 0 || n == 32<<20 {
					t.Errorf("Write says that %d bytes were written", n)
				}
				shut(t, b)
			})
		})
	}
}

func TestUseAfterClose(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		write(t, b, "unread")
		shut(t, a, b)
		raw, err := a.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		calls := map[string]func() error{
			"Close":              a.Close,
			"CloseWrite":         a.CloseWrite,
			"CloseRead":          a.CloseRead,
			"Read":               func() error { _, err := a.Read(make([]byte, 1)); return err },
			"Read of nothing":    func() error { _, err := a.Read(nil); return err },
			"Write":              func() error { _, err := a.Write([]byte("x")); return err },
			"Next":               func() error { _, err := a.Next(); return err },
			"WriteTo":            func() error { _, err := a.WriteTo(io.Discard); return err },
			"a view's Read":      func() error { _, err := a.WithContext(ctx).Read(make([]byte, 1)); return err },
			"SetDeadline":        func() error { return a.SetDeadline(future()) },
			"SetReadDeadline":    func() error { return a.SetReadDeadline(time.Time{}) },
			"SetWriteDeadline":   func() error { return a.SetWriteDeadline(past) },
			"SetNoDelay":         func() error { return a.SetNoDelay(true) },
			"SetKeepAlive":       func() error { return a.SetKeepAlive(true) },
			"SetKeepAlivePeriod": func() error { return a.SetKeepAlivePeriod(time.Minute) },
			"SetLinger":          func() error { return a.SetLinger(0) },
			"SetReadBuffer":      func() error { return a.SetReadBuffer(1 << 16) },
			"SetWriteBuffer":     func() error { return a.SetWriteBuffer(1 << 16) },
			"raw Control":        func() error { return raw.Control(func(uintptr) { t.Error("called") }) },
			"raw Read":           func() error { return raw.Read(func(uintptr) bool { t.Error("called"); return true }) },
			"raw Write":          func() error { return raw.Write(func(uintptr) bool { t.Error("called"); return true }) },
		}
		for name, call := range calls {
			err := call()
			wantErr(t, name, err, net.ErrClosed)
			var op *net.OpError
			if !errors.As(err, &op) {
				t.Errorf("%s: %v is not a *net.OpError", name, err)
			}
			_, err = asyncio.ToThread(ctx, func(context.Context) (int, error) { return 0, call() })
			if name != "Next" && name != "a view's Read" { // which are for tasks
				wantErr(t, name+" elsewhere", err, net.ErrClosed)
			}
		}
		if a.LocalAddr() == nil || a.RemoteAddr() == nil {
			t.Error("the addresses are gone")
		}
		a.Release()
	})
}

func TestListenerClosedTwice(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		accept := asyncio.CreateTask(ctx, func(ctx context.Context) (*aionet.Conn, error) { return l.Accept(ctx) })
		turns(ctx, t, 2)
		shut(t, l)
		_, err := accept.Await(ctx)
		wantErr(t, "the Accept that waited", err, net.ErrClosed)
		wantErr(t, "a second Close", l.Close(), net.ErrClosed)
		_, err = l.Accept(ctx)
		wantErr(t, "Accept", err, net.ErrClosed)
		err = l.Serve(ctx, func(context.Context, *aionet.Conn) error { return nil })
		wantErr(t, "Serve of a closed listener", err, net.ErrClosed)
		if _, ok := err.(*net.OpError); !ok {
			t.Errorf("Serve of a closed listener: a %T, want a *net.OpError", err)
		}
		wantErr(t, "ServeProtocol", l.ServeProtocol(ctx, func() aionet.Protocol { return aionet.BaseProtocol{} }), net.ErrClosed)
		if err := l.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown of a closed listener: %v, want nil", err)
		}
		if l.Addr() == nil {
			t.Error("the address is gone")
		}
	})
}

// The number of a closed descriptor is reused at once. A late call must not use the new file.
func TestClose_LateCallsMissTheReusedDescriptor(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		for range 50 {
			a, b := pair(ctx, t)
			done := make(chan struct{})
			go func() { // posts a call that comes after the Close
				defer close(done)
				a.CloseWrite()
			}()
			shut(t, a)
			c, d := pair(ctx, t)
			<-done
			turns(ctx, t, 2)
			write(t, c, "whole")
			wantRead(t, d, "whole")
			shut(t, b, c, d)
		}
	})
}
