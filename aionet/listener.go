package aionet

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A Listener accepts connections on a loop.
type Listener struct {
	loop    *engine.Loop
	port    netport.Listener
	network string
	opts    options
	closed  atomic.Bool
	wait    engine.WaitList  // tasks in Accept
	taken   []netport.Stream // from the accept backlog, by Shutdown, and not accepted yet
	server  server
}

// Listen listens on the address as net.Listen does, with the network "tcp", "tcp4",
// "tcp6", "unix" or "unixpacket". It is called in a task, whose loop the listener and its
// connections belong to. A listener that is open when its loop ends is closed.
func Listen(ctx context.Context, network, addr string, opts ...ListenOption) (*Listener, error) {
	caller, n, err := enterNetwork(ctx)
	if err != nil {
		return nil, err
	}
	o := listenOptions(opts)
	port, err := n.Listen(ctx, network, addr, o.port)
	if err != nil {
		return nil, makeError(ctx, "listen", network, addr, err)
	}
	return newListener(caller.L, network, port, o), nil
}

func newListener(loop *engine.Loop, network string, port netport.Listener, o options) *Listener {
	l := &Listener{loop: loop, port: port, network: network, opts: o}
	l.server.draining = make(chan struct{})
	port.Watch((*acceptor)(l))
	return l
}

// acceptor is the side of a Listener that the network sees.
type acceptor Listener

func (l *acceptor) Ready(bool, bool) { l.wait.WakeAll() }

// Accept suspends the task until somebody connects. Several tasks may accept. It
// returns ctx.Err() if ctx is cancelled, and net.ErrClosed after Close.
//
//go:noinline
func (l *Listener) Accept(ctx context.Context) (*Conn, error) {
	stream, err := l.accept(ctx)
	if err != nil {
		return nil, err
	}
	return newTracked(l.loop, l.network, stream, coro.CallSite()), nil
}

func (l *Listener) accept(ctx context.Context) (netport.Stream, error) {
	caller, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	for {
		stream, err := l.next()
		switch {
		case err == nil:
			caller.Spend()
			return stream, nil
		case err != netport.ErrAgain:
			return nil, l.opError("accept", refuse(caller, err))
		}
		if caller.ParkUntil(&l.wait, 0, engine.ForAccept) == engine.WokenByCancel {
			return nil, caller.Err()
		}
	}
}

// next accepts a connection without blocking. While Shutdown empties the accept backlog, next
// returns the connections that Shutdown has accepted.
func (l *Listener) next() (netport.Stream, error) {
	switch {
	case len(l.taken) > 0:
		stream := l.taken[0]
		l.taken = l.taken[1:]
		return stream, nil
	case l.closed.Load():
		return nil, net.ErrClosed
	case l.server.emptying:
		return nil, netport.ErrAgain
	}
	return l.port.Accept()
}

// enter admits a call with a ctx, which must be of the listener's loop.
func (l *Listener) enter(ctx context.Context) (engine.Caller, error) {
	caller, err := engine.Enter(ctx)
	if err == nil && caller.L != l.loop {
		err = asyncio.ErrWrongLoop
	}
	return caller, err
}

func (l *Listener) opError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: l.network, Addr: l.Addr(), Err: err}
}

// Addr returns the address that the listener has, with the port if 0 was asked for.
func (l *Listener) Addr() net.Addr { return l.port.Addr() }

// Close stops listening. Accept returns net.ErrClosed, Serve returns when its
// handlers have ended; their connections stay. Connections in the accept backlog are
// reset; Shutdown serves them. Close removes the file of a unix socket, unless KeepFile was
// given or another file has replaced it. It may be called from any goroutine. A second call
// returns net.ErrClosed.
func (l *Listener) Close() error {
	if !l.closed.CompareAndSwap(false, true) {
		return l.opError("close", net.ErrClosed)
	}
	err := onLoop(l.loop, func() error {
		defer l.wait.WakeAll()
		defer l.server.changed.WakeAll()
		return l.port.Close()
	})
	return l.opError("close", err)
}
