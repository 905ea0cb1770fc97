package aionet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A loop closes its open sockets when it ends, and later calls return net.ErrClosed.

func TestLoopEndClosesSockets(t *testing.T) {
	noLeaks(t)
	var (
		a, b *aionet.Conn
		l    *aionet.Listener
		p    *aionet.PacketConn
	)
	waiting := make(chan error, 1)
	err := asyncio.Run(t.Context(), func(ctx context.Context) (err error) {
		a, b = pair(ctx, t)
		l = listen(ctx, t)
		if p, err = aionet.ListenPacket(ctx, "udp", "127.0.0.1:0"); err != nil {
			return err
		}
		go func() {
			_, err := a.Read(make([]byte, 1))
			waiting <- err
		}()
		until(ctx, t, "the other goroutine's Read waits", func() bool { return len(asyncio.LoopOf(ctx).Tasks()) == 2 })
		turns(ctx, t, 2)
		return nil
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	wantErr(t, "the Read that waited in another goroutine", <-waiting, net.ErrClosed)

	buf := make([]byte, 1)
	raw, _ := a.SyscallConn()
	for name, call := range map[string]func() error{
		"Read":        func() error { _, err := a.Read(buf); return err },
		"Write":       func() error { _, err := a.Write(buf); return err },
		"WriteTo":     func() error { _, err := a.WriteTo(io.Discard); return err },
		"CloseWrite":  a.CloseWrite,
		"SetDeadline": func() error { return a.SetDeadline(past) },
		"SetNoDelay":  func() error { return a.SetNoDelay(true) },
		"Control":     func() error { return raw.Control(func(uintptr) { t.Error("called") }) },
		"ReadFrom":    func() error { _, _, err := p.ReadFrom(buf); return err },
		"Close":       b.Close,
		"a listener":  l.Close,
	} {
		wantErr(t, name, call(), net.ErrClosed)
	}
	for name, call := range map[string]func() error{
		"Next":   func() error { _, err := a.Next(); return err },
		"Accept": func() error { _, err := l.Accept(context.Background()); return err },
	} {
		if err := call(); err == nil {
			t.Errorf("%s succeeded after the loop's end", name)
		}
	}
	a.Release()
}

// A task of another loop gets the same errors as another goroutine.
func TestConnOfAnEndedLoop_FromAnotherLoop(t *testing.T) {
	var a *aionet.Conn
	onLoop(t, func(ctx context.Context) { a, _ = pair(ctx, t) })
	onLoop(t, func(ctx context.Context) {
		_, err := a.Read(make([]byte, 1))
		wantErr(t, "Read", err, net.ErrClosed)
		_, err = a.WithContext(ctx).Read(make([]byte, 1))
		wantErr(t, "a view's Read", err, asyncio.ErrWrongLoop)
	})
}

// A panic in a task ends the loop, which closes its sockets.
func TestPanicClosesSockets(t *testing.T) {
	noLeaks(t)
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		pair(ctx, t)
		listen(ctx, t)
		panic("over")
	}, asyncio.WithPanicsAsErrors())
	var p *asyncio.PanicError
	if !errors.As(err, &p) || p.Value != "over" {
		t.Errorf("Run: %v", err)
	}
}
