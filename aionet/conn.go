package aionet

import (
	"context"
	"errors"
	"net"
	"strings"
	"weak"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A Conn is a connection of a loop. It is a net.Conn for any caller: Read and Write suspend a
// task, of this loop or of another, and block a goroutine without a loop. One task may read and
// one may write at a time; another gets ErrConnBusy. Writers of datagrams and of unixpacket
// messages queue instead.
//
// Read and Write obey the ctx of the innermost body that the calling task runs: the body of
// asyncio.WithTaskGroup or asyncio.WaitFor, or else of the task. When that ctx ends they return
// its error, and unread data stays in the receive buffer. WithContext makes a view that obeys
// another ctx, such as context.WithoutCancel(ctx) for a last message of a cancelled task.
//
// Close, the deadlines and the addresses may be used from any goroutine and never wait. The loop
// closes an open Conn when it ends. If a Conn becomes unreachable without Close, the garbage
// collector closes it and the loop logs the line that made it. In asynciotest that fails the
// test.
type Conn struct {
	endpoint
	stream   netport.Stream // the endpoint's socket
	borrowed *readBuffer    // by Next; owned by the loop
}

// newConn makes a connection whose owner always closes it.
func newConn(l *engine.Loop, network string, s netport.Stream) *Conn {
	c := makeConn(l, network, s)
	s.Watch((*endpointWatcher)(&c.endpoint))
	return c
}

// newTracked makes a connection that is also closed if it becomes unreachable. site is the
// user's call that makes it.
func newTracked(l *engine.Loop, network string, s netport.Stream, site coro.Site) *Conn {
	c := makeConn(l, network, s)
	s.Watch(weakWatcher{weak.Make(&c.endpoint)})
	track(c, &c.endpoint, site)
	return c
}

func makeConn(l *engine.Loop, network string, s netport.Stream) *Conn {
	return &Conn{endpoint: endpoint{loop: l, socket: s, network: network, remote: s.RemoteAddr(), messages: hasMessages(network)}, stream: s}
}

// hasMessages reports whether each read and each write of the network is a message.
func hasMessages(network string) bool { return network != "unix" && strings.HasPrefix(network, "u") }

// Read reads from the receive buffer. It suspends the task while the buffer is empty. On a
// connection of messages it reads one message. As in package net, the part of a message that
// does not fit in p is lost; Next returns whole messages.
func (c *Conn) Read(p []byte) (int, error) {
	for {
		n, err := c.readNow(p)
		if err != netport.ErrAgain {
			return n, err
		}
		c.r.park(c.loop)
	}
}

// readNow is one attempt of Read. It returns netport.ErrAgain if Read must wait. It is a
// function of its own so that the stack of a waiting task stays small.
func (c *Conn) readNow(p []byte) (int, error) {
	caller, ok, err := c.loop.Suspending()
	switch {
	case err != nil:
		return 0, c.opError("read", err)
	case !ok:
		return c.doInTask("read", func(ctx context.Context) (int, error) { return c.readWith(ctx, p) })
	}
	if err := c.r.admit(caller); err != nil {
		return 0, c.opError("read", err)
	}
	if err := c.usable(caller, &c.r); err != nil {
		return 0, c.opError("read", err)
	}
	n, err := c.receive(p)
	if err == netport.ErrAgain {
		return 0, err
	}
	caller.Spend()
	return n, c.opError("read", err)
}

// receive reads without blocking. Like package net, it returns 0 and nil if p is empty.
func (c *Conn) receive(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return c.stream.Read(p)
}

// readWith is Read with the ctx of a task of the loop.
func (c *Conn) readWith(ctx context.Context, p []byte) (int, error) {
	caller, err := c.enter(ctx)
	if err != nil {
		return 0, c.opError("read", err)
	}
	return c.doBy(caller, "read", &c.r, engine.ForRead, func() (int, error) { return c.receive(p) })
}

// Write writes all of p. It suspends the task while the peer's receive buffer is full. If
// Write fails or the task is cancelled, it returns the number of bytes written.
func (c *Conn) Write(p []byte) (int, error) {
	caller, ok, err := c.loop.Suspending()
	switch {
	case err != nil:
		return 0, c.opError("write", err)
	case !ok:
		return c.doInTask("write", func(ctx context.Context) (int, error) { return c.writeWith(ctx, p) })
	}
	return c.writeBy(caller, p)
}

// writeWith is Write with the ctx of a task of the loop.
func (c *Conn) writeWith(ctx context.Context, p []byte) (int, error) {
	caller, err := c.enter(ctx)
	if err != nil {
		return 0, c.opError("write", err)
	}
	return c.writeBy(caller, p)
}

// writeBy is Write for a task of the loop.
func (c *Conn) writeBy(caller engine.Caller, p []byte) (written int, err error) {
	if c.messages {
		return c.doBy(caller, "write", &c.w, engine.ForWrite, func() (int, error) { return c.stream.Write(p) })
	}
	if err := c.w.admit(caller); err != nil {
		return 0, c.opError("write", err)
	}
	for {
		n, err := c.retry(caller, "write", &c.w, engine.ForWrite, func() (int, error) { return c.stream.Write(p[written:]) })
		written += n
		switch {
		case err != nil:
			return written, err
		case written == len(p):
			caller.Spend()
			return written, nil
		}
		if err := c.w.spend(caller); err != nil {
			return written, err
		}
	}
}

// CloseWrite closes the writing direction: the peer reads EOF after the data. Read still works.
// CloseWrite may be called from any goroutine and does not wait. A pipe returns
// errors.ErrUnsupported; call Close.
func (c *Conn) CloseWrite() error { return c.closeDirection(c.stream.CloseWrite) }

// CloseRead closes the reading direction. Read returns io.EOF from then on, and Write still
// works. Data in the receive buffer, and data that the peer sends later, is not returned.
// TCP does not notify the peer, and Close resets the connection if unread data is left.
// CloseRead may be called from any goroutine and does not wait. A pipe returns
// errors.ErrUnsupported.
func (c *Conn) CloseRead() error {
	s, ok := c.stream.(netport.ReadCloser)
	if !ok && !c.closed.Load() {
		return c.opError("close", errors.ErrUnsupported)
	}
	return c.closeDirection(func() error {
		err := s.CloseRead()
		c.readClosed = c.readClosed || err == nil
		return err
	})
}

func (c *Conn) closeDirection(shut func() error) error {
	if c.closed.Load() {
		return c.opError("close", net.ErrClosed)
	}
	return c.opError("close", onLoop(c.loop, func() error {
		defer c.wakeAll() // some systems do not report the shutdown to the poller
		return shut()
	}))
}

// RemoteAddr returns the peer's address. It may be called from any goroutine.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }
