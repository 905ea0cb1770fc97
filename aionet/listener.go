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
	waiters engine.WaitList  // tasks in Accept
	taken   []netport.Stream // accepted by Shutdown from the backlog, and not returned by next yet
	server  server
}

// Listen listens on the address as net.Listen does, with the network "tcp", "tcp4", "tcp6",
// "unix" or "unixpacket". It is called in a task; the listener and its connections belong to the
// task's loop. The loop closes an open listener when it ends.
func Listen(ctx context.Context, network, addr string, opts ...ListenOption) (*Listener, error) {
	caller, n, err := enterNetwork(ctx)
	if err != nil {
		return nil, err
	}
	o := listenOptions(opts)
	port, err := n.Listen(ctx, network, addr, o.port)
	if err != nil {
		return nil, openError(ctx, "listen", network, addr, err)
	}
	return newListener(caller.L, network, port, o), nil
}

func newListener(loop *engine.Loop, network string, port netport.Listener, o options) *Listener {
	l := &Listener{loop: loop, port: port, network: network, opts: o}
	l.server.draining = make(chan struct{})
	port.Watch((*listenerWatcher)(l))
	return l
}

// listenerWatcher is the netport.Watcher of a Listener.
type listenerWatcher Listener

func (l *listenerWatcher) Ready(bool, bool) { l.waiters.WakeAll() }

// Accept returns the next connection. It suspends the task until a peer connects. Several tasks
// may accept. It returns ctx.Err() if ctx is cancelled, and net.ErrClosed after Close.
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
		if caller.ParkUntil(&l.waiters, 0, engine.ForAccept) == engine.WokenByCancel {
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

// enter admits a call with a ctx, which must belong to the listener's loop.
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

// Addr returns the listener's address, with the port that the system chose if port 0 was given.
// It may be called from any goroutine.
func (l *Listener) Addr() net.Addr { return l.port.Addr() }

// Close stops listening. Accept returns net.ErrClosed, and Serve returns when its handlers have
// ended. Accepted connections stay open. Connections in the accept backlog are reset; Shutdown
// serves them. Close removes the file of a unix socket, unless KeepFile was given or another file
// has replaced it. It may be called from any goroutine. A second call returns net.ErrClosed.
func (l *Listener) Close() error {
	if !l.closed.CompareAndSwap(false, true) {
		return l.opError("close", net.ErrClosed)
	}
	err := onLoop(l.loop, func() error {
		defer l.waiters.WakeAll()
		defer l.server.changed.WakeAll()
		return l.port.Close()
	})
	return l.opError("close", err)
}
