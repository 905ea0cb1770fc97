package memnet

import (
	"io"
	"net"
	"os"
	"syscall"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// A conn is one side of a connection. It behaves like a socket of Linux:
//
//   - After a reset, reads first return the data received before. Then the first call returns
//     ECONNRESET, or EPIPE if the peer had closed its direction. Later reads return io.EOF and
//     later writes EPIPE.
//   - Closing a side with unread data resets the peer. Otherwise the peer reads EOF, and data that
//     it writes is answered with a reset.
//   - A closed unix socket is known to its peer at once: writes return EPIPE, and only a read
//     returns the error of a reset.
type conn struct {
	socket
	kind          kind
	peer          *conn
	in, out       *pipe // in is the peer's out
	local, remote net.Addr
	rand          random
	connIndex     int // in Network.conns; -1: the peer is there

	err          error // of a reset; returned once
	eofReceived  bool  // the peer has closed its direction
	writeClosed  bool  // this side has closed its direction
	readClosed   bool  // CloseRead was called
	resetOnClose bool  // SetLinger(0) was called
	wasReset     bool
	blocked      bool // Block was called
	needsRoom    bool // the writer waits for room
	pauseNext    bool // the next write must wait, by a random decision
}

// newConn makes a connection between two loops. It is called with the lock.
func (n *Network) newConn(p, q *port, k kind, local, remote net.Addr) (near, far *conn) {
	there, back := &pipe{}, &pipe{}
	near = &conn{socket: socket{port: p}, kind: k, in: back, out: there, local: local, remote: remote, rand: n.newRandom()}
	far = &conn{socket: socket{port: q}, kind: k, in: there, out: back, local: remote, remote: local, rand: n.newRandom()}
	near.peer, far.peer = far, near
	for _, c := range []*conn{near, far} {
		c.self = c
		c.register()
		n.sides[connKey(c.local, c.remote)] = c
	}
	near.connIndex = len(n.conns)
	n.conns = append(n.conns, near)
	far.connIndex = -1
	return near, far
}

// connKey returns the key of a side in Network.sides.
func connKey(local, remote net.Addr) string {
	return local.Network() + " " + local.String() + " " + remote.String()
}

func (c *conn) Read(p []byte) (int, error) {
	n := c.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	c.advance(n.now())
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case len(p) == 0:
		return 0, nil
	case len(c.in.messageLens) > 0:
		return c.readMessage(p), nil
	case c.in.received.Len() > 0:
		k, _ := c.in.received.Read(p[:c.rand.chunk(min(len(p), c.in.received.Len()))])
		c.acknowledge(k)
		return k, nil
	case c.err != nil && (c.kind.local() || !c.eofReceived):
		return 0, os.NewSyscallError("read", c.takeErr())
	case c.eofReceived || c.wasReset || c.readClosed:
		return 0, io.EOF
	}
	return 0, netport.ErrAgain
}

// ReadMessage reads one whole message.
func (c *conn) ReadMessage(p []byte) ([]byte, error) {
	n := c.port.net
	n.mu.Lock()
	c.advance(n.now())
	if len(c.in.messageLens) > 0 && c.in.messageLens[0] > len(p) {
		p = make([]byte, c.in.messageLens[0])
	}
	n.mu.Unlock()
	k, err := c.Read(p)
	return p[:k], err
}

// readMessage reads one message. The part that does not fit is lost. It is called with the lock.
func (c *conn) readMessage(p []byte) int {
	size := c.in.messageLens[0]
	c.in.messageLens = dropFirst(c.in.messageLens, 1)
	k := copy(p, c.in.received.Next(size))
	c.acknowledge(size)
	return k
}

// takeErr returns the error of a reset and clears it.
func (c *conn) takeErr() (err error) {
	err, c.err = c.err, nil
	return err
}

func (c *conn) Write(p []byte) (int, error) {
	n := c.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	c.advance(n.now())
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case c.err != nil && !c.kind.local():
		return 0, os.NewSyscallError("write", c.takeErr())
	case c.writeClosed || c.wasReset || c.kind.local() && (c.peer.closed && c.eofReceived || c.peer.readClosed):
		return 0, os.NewSyscallError("write", syscall.EPIPE)
	case c.kind == unixPacket && len(p) > n.cfg.Buffer:
		return 0, os.NewSyscallError("write", syscall.EMSGSIZE)
	case len(p) == 0:
		return 0, nil
	}
	room := n.cfg.Buffer - c.out.unacked
	if room <= 0 || c.kind == unixPacket && room < len(p) {
		c.needsRoom = true
		return 0, netport.ErrAgain
	}
	if c.pauseNext {
		c.pauseNext = false
		c.writable = true
		c.port.notifySoon(&c.socket)
		return 0, netport.ErrAgain
	}
	k := min(len(p), room)
	if c.kind != unixPacket {
		k = c.rand.chunk(k)
	}
	c.pauseNext = k < len(p) && c.rand.pausesAfterChunk()
	c.out.unacked += k
	c.send(segment{typ: dataSegment, data: p[:k]})
	return k, nil
}

// shutdownError returns why no direction can be closed, or nil. It is called with the lock.
func (c *conn) shutdownError(now int64) error {
	c.advance(now)
	switch {
	case c.closed:
		return net.ErrClosed
	case c.wasReset && !c.kind.local():
		return os.NewSyscallError("shutdown", syscall.ENOTCONN)
	}
	return nil
}

// CloseWrite closes the writing direction.
func (c *conn) CloseWrite() error {
	n := c.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := c.shutdownError(n.now()); err != nil {
		return err
	}
	if !c.writeClosed && !c.wasReset {
		c.writeClosed = true
		c.writable = true // wakes a waiting writer
		c.port.notifySoon(&c.socket)
		c.send(segment{typ: finSegment})
	}
	return nil
}

// CloseRead closes the reading direction.
func (c *conn) CloseRead() error {
	n := c.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := c.shutdownError(n.now()); err != nil {
		return err
	}
	c.readClosed = true
	c.readable = true // wakes a waiting reader
	c.port.notifySoon(&c.socket)
	if c.kind.local() && !c.peer.closed { // wakes the peer's waiting writer
		c.peer.writable = true
		c.peer.port.notifySoon(&c.peer.socket)
	}
	return nil
}

// Close closes both directions.
func (c *conn) Close() error {
	n := c.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.advance(n.now())
	c.close(c.in.received.Len() > 0 || len(c.in.messageLens) > 0 || c.resetOnClose)
	return nil
}

// close closes this side, and resets the peer if reset is true. It is called on the loop, or for a
// connection without a watcher on another loop, with the lock.
func (c *conn) close(reset bool) {
	if !c.unregister() {
		return
	}
	switch {
	case c.wasReset:
	case reset:
		c.wasReset = true
		c.send(segment{typ: resetSegment})
	default:
		if !c.writeClosed {
			c.send(segment{typ: finSegment})
		}
		for _, s := range c.in.inFlight {
			if s.at != never && s.typ == dataSegment {
				c.answerReset(s.at)
				break
			}
		}
	}
	c.in.received.Reset()
	c.forget()
}

// abort resets a connection that was not accepted. It is called with the lock.
func (c *conn) abort() { c.close(true) }

// reset processes a reset that has arrived. It is called with the lock.
func (c *conn) reset() {
	if c.wasReset {
		return
	}
	c.wasReset = true
	if c.err = syscall.ECONNRESET; c.eofReceived && !c.kind.local() {
		c.err = syscall.EPIPE
	}
	c.readable, c.writable = true, true
	c.out.inFlight = nil
}

// forget removes a closed side, and the connection when both sides are closed. It is called with
// the lock.
func (c *conn) forget() {
	n := c.port.net
	delete(n.sides, connKey(c.local, c.remote))
	if !c.peer.closed {
		return
	}
	first := c
	if first.connIndex < 0 {
		first = c.peer
	}
	last := n.conns[len(n.conns)-1]
	n.conns[first.connIndex], last.connIndex = last, first.connIndex
	n.conns[len(n.conns)-1] = nil
	n.conns = n.conns[:len(n.conns)-1]
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }
