package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

const (
	here  = "proxy.test:7000"
	there = "target.test:8080"
)

// lab is a proxy in virtual time, on a network in memory.
type lab struct {
	t     *testing.T
	proxy *proxy
	net   *asynciotest.Network
	out   *page
	log   *page
	end   context.CancelFunc // what Ctrl-C does
	done  *asyncio.Task[struct{}]
}

// inLab runs body beside a proxy with these flags, which reports nothing unless they say
// so. At its end the proxy ends in order.
func inLab(t *testing.T, flags string, body func(ctx context.Context, l *lab), opts ...asynciotest.NetworkOption) {
	t.Helper()
	network := asynciotest.NewNetwork(opts...)
	log := &page{}
	logger := slog.New(slog.NewTextHandler(io.MultiWriter(log, t.Output()), nil))
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		o, err := parse(strings.Fields("-report 0 -listen "+here+" -to "+there+" "+flags), t.Output())
		if err != nil {
			t.Fatal(err)
		}
		listener, err := aionet.Listen(ctx, "tcp", o.listen, aionet.MaxConns(o.most))
		if err != nil {
			t.Fatal(err)
		}
		interrupted, end := context.WithCancel(ctx)
		l := &lab{t: t, net: network, end: end, out: &page{}, log: log}
		l.proxy = &proxy{options: o, log: logger, out: l.out}
		l.done = asyncio.Go(ctx, func(context.Context) error { return l.proxy.serve(interrupted, listener) })
		body(ctx, l)
		end()
		if _, err := l.done.Await(ctx); err != nil {
			t.Errorf("the proxy ended with %v", err)
		}
		if l.proxy.open != 0 {
			t.Errorf("%d connections are open at the end", l.proxy.open)
		}
	}, asynciotest.WithNetwork(network), asyncio.WithLogger(logger), asynciotest.AllowHandlerErrors(), asynciotest.AllowStalls())
}

// target is what the proxy passes on to. It ends when the body's tasks do.
func (l *lab) target(ctx context.Context) *aionet.Listener {
	l.t.Helper()
	listener, err := aionet.Listen(ctx, "tcp", there)
	if err != nil {
		l.t.Fatal(err)
	}
	return listener
}

// pair connects a client to the target, through the proxy.
func (l *lab) pair(ctx context.Context, target *aionet.Listener) (client, server *aionet.Conn) {
	l.t.Helper()
	client = l.dial(ctx)
	server, err := target.Accept(ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	return client, server
}

func (l *lab) dial(ctx context.Context) *aionet.Conn {
	l.t.Helper()
	client, err := aionet.Dial(ctx, "tcp", here)
	if err != nil {
		l.t.Fatal(err)
	}
	return client
}

// numbers compares what the proxy has counted.
func (l *lab) numbers(served, failed, cut int, up, down int64) {
	l.t.Helper()
	p := l.proxy
	if p.served != served || p.failed != failed || p.cut != cut || p.up != up || p.down != down {
		l.t.Errorf("counted %d connections, %d failed, %d cut, %d up, %d down; want %d, %d, %d, %d, %d",
			p.served, p.failed, p.cut, p.up, p.down, served, failed, cut, up, down)
	}
}

// say writes, and hear expects to read this.
func say(t *testing.T, to io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(to, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, from io.Reader, text string) {
	t.Helper()
	b := make([]byte, len(text))
	if _, err := io.ReadFull(from, b); err != nil || string(b) != text {
		t.Fatalf("heard %q, %v; want %q", b, err, text)
	}
}

// hearEnd expects the end, after nothing.
func hearEnd(t *testing.T, from io.Reader) {
	t.Helper()
	if b, err := io.ReadAll(from); err != nil || len(b) > 0 {
		t.Errorf("heard %.20q and %v, want the end", b, err)
	}
}

// gone waits for a reset, which is how everything ends that has not come to its end, and
// returns how long it took.
func gone(t *testing.T, side io.Reader) time.Duration {
	t.Helper()
	began := time.Now()
	if n, err := side.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("heard %d bytes, %v; want %v", n, err, syscall.ECONNRESET)
	}
	return time.Since(began)
}

// page is what is written.
type page struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}
