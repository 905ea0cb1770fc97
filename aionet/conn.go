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

// A Conn is a connection of a loop. It is a net.Conn that anybody may use: Read and
// Write suspend the calling task, of this loop or of another; a goroutine of no loop
// is blocked. One task reads and one writes at a time; another gets ErrConnBusy. Writers
// of datagrams, and of unixpacket messages, queue instead.
//
// Read and Write end with the ctx of the innermost body that the calling task is in: that
// of asyncio.WithTaskGroup or asyncio.WaitFor, else the task's own. They return that ctx's
// error; what has arrived stays to be read. WithContext makes a view that obeys another
// ctx, such as context.WithoutCancel(ctx) for a last message of a cancelled task.
//
// Close, the deadlines and the addresses may be used from any goroutine and never
// wait. A Conn that is open when its loop ends is closed. The garbage collector closes a
// Conn that becomes unreachable without Close, and the loop logs the line that made it. In
// asynciotest it fails the test.
type Conn struct {
	endpoint
	stream netport.Stream // the endpoint's socket
	lent   *lentBuffer    // by Next; owned by the loop
}

// newConn makes a connection whose owner always closes it.
func newConn(l *engine.Loop, network string, s netport.Stream) *Conn {
	c := makeConn(l, network, s)
	s.Watch((*watcher)(&c.endpoint))
	return c
}

// newTracked makes a connection, at site, that is also closed if it becomes unreachable.
func newTracked(l *engine.Loop, network string, s netport.Stream, site coro.Site) *Conn {
	c := makeConn(l, network, s)
	s.Watch(weakWatcher{weak.Make(&c.endpoint)})
	track(c, &c.endpoint, site)
	return c
}

func makeConn(l *engine.Loop, network string, s netport.Stream) *Conn {
	return &Conn{endpoint: endpoint{loop: l, socket: s, network: network, remote: s.RemoteAddr(), whole: isWhole(network)}, stream: s}
}

// isWhole reports whether each read and each write of the network is a message.
func isWhole(network string) bool { return network != "unix" && strings.HasPrefix(network, "u") }

// Read reads what has arrived. It suspends the task until something has. On a connection of
// messages it reads one message. As in package net, the part of a message that does not fit
// in p is lost; Next returns whole messages.
func (c *Conn) Read(p []byte) (int, error) {
	for {
		n, err := c.readNow(p)
		if err != netport.ErrAgain {
			return n, err
		}
		c.r.park(c.loop)
	}
}

// readNow is Read, but where it would have to wait: then it returns netport.ErrAgain.
// It is apart from the wait, so that a task that waits has little on its stack.
func (c *Conn) readNow(p []byte) (int, error) {
	caller, ok, err := c.loop.Suspending()
	switch {
	case err != nil:
		return 0, c.opError("read", err)
	case !ok:
		return c.elsewhere("read", func(ctx context.Context) (int, error) { return c.read(ctx, p) })
	}
	if err := c.r.admit(caller); err != nil {
		return 0, c.opError("read", err)
	}
	return c.attempt(caller, p)
}

// attempt reads what is there. If that is nothing it returns netport.ErrAgain, and the
// deadline to wait for is in c.r.until.
func (c *Conn) attempt(caller engine.Caller, p []byte) (int, error) {
	deadline, err := c.usable(caller, &c.r)
	if err != nil {
		return 0, c.opError("read", err)
	}
	if len(p) == 0 { // as package net: it asks nothing of the other side
		caller.Spend()
		return 0, nil
	}
	n, err := c.stream.Read(p)
	if err == netport.ErrAgain {
		c.r.until = deadline
		return 0, err
	}
	caller.Spend()
	return n, c.opError("read", err)
}

// Write writes all of p, suspending the task while the other side is slow. If it
// fails, or the task is cancelled, it returns how much was written.
func (c *Conn) Write(p []byte) (int, error) {
	caller, ok, err := c.loop.Suspending()
	switch {
	case err != nil:
		return 0, c.opError("write", err)
	case !ok:
		return c.elsewhere("write", func(ctx context.Context) (int, error) { return c.write(ctx, p) })
	}
	return c.writeBy(caller, p)
}

func (c *Conn) read(ctx context.Context, p []byte) (int, error) {
	caller, err := c.enter(ctx)
	if err != nil {
		return 0, c.opError("read", err)
	}
	return c.readBy(caller, p)
}

func (c *Conn) write(ctx context.Context, p []byte) (int, error) {
	caller, err := c.enter(ctx)
	if err != nil {
		return 0, c.opError("write", err)
	}
	return c.writeBy(caller, p)
}

// readBy is Read for a caller that was admitted.
func (c *Conn) readBy(caller engine.Caller, p []byte) (int, error) {
	if err := c.r.admit(caller); err != nil {
		return 0, c.opError("read", err)
	}
	for {
		n, err := c.attempt(caller, p)
		if err != netport.ErrAgain {
			return n, err
		}
		if err := c.r.await(caller, c.r.until, engine.ForRead); err != nil {
			return 0, err
		}
	}
}

func (c *Conn) writeBy(caller engine.Caller, p []byte) (written int, err error) {
	if c.whole {
		return c.tryBy(caller, "write", &c.w, engine.ForWrite, func() (int, error) { return c.stream.Write(p) })
	}
	if err := c.w.admit(caller); err != nil {
		return 0, c.opError("write", err)
	}
	for {
		deadline, err := c.usable(caller, &c.w)
		if err != nil {
			return written, c.opError("write", err)
		}
		n, err := c.stream.Write(p[written:])
		written += n
		switch {
		case err == nil && written == len(p):
			caller.Spend()
			return written, nil
		case err == nil:
			if err := c.w.spend(caller); err != nil {
				return written, err
			}
			continue
		case err != netport.ErrAgain:
			return written, c.opError("write", refuse(caller, err))
		}
		if err := c.w.await(caller, deadline, engine.ForWrite); err != nil {
			return written, err
		}
	}
}

// CloseWrite tells the other side that nothing more will come; Read goes on. From any
// goroutine, like Close. A pipe returns errors.ErrUnsupported: Close it.
func (c *Conn) CloseWrite() error { return c.closeHalf(c.stream.CloseWrite) }

// CloseRead closes the reading side. Read returns io.EOF from then on, and Write still
// works. Data in the receive buffer, and data that the peer sends later, is not returned.
// TCP does not notify the peer, and Close resets the connection if unread data is left. It
// may be called from any goroutine, like Close. A pipe returns errors.ErrUnsupported.
func (c *Conn) CloseRead() error {
	s, ok := c.stream.(netport.ReadCloser)
	if !ok && !c.closed.Load() {
		return c.opError("close", errors.ErrUnsupported)
	}
	return c.closeHalf(func() error {
		err := s.CloseRead()
		c.noRead = c.noRead || err == nil
		return err
	})
}

func (c *Conn) closeHalf(shut func() error) error {
	if c.closed.Load() {
		return c.opError("close", net.ErrClosed)
	}
	return c.opError("close", onLoop(c.loop, func() error {
		defer (*watcher)(&c.endpoint).Ready(true, true) // not every system tells who waits
		return shut()
	}))
}

// RemoteAddr returns the address of the other side.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }
