package memnet

import (
	"io"
	"net"
	"os"
	"syscall"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// An end is one side of a connection. It behaves as a socket of Linux does:
//
//   - After a reset reads give what had arrived before. Then the first call that
//     notices gets ECONNRESET (or EPIPE, if the other side had ended its direction
//     before), further reads io.EOF, and further writes EPIPE.
//   - Closing an end that has not read everything resets the other. Otherwise the
//     other side reads the end; when it writes, that is answered with a reset.
//   - Of unix sockets the closed one is known at once: writes give EPIPE, and only a
//     read notices a reset.
type end struct {
	socket
	kind          kind
	peer          *end
	in, out       *pipe // in is the peer's out
	local, remote net.Addr
	dice          dice
	rank          int // in Network.all, of the side that stands there; else -1

	err     error // of a reset, told once
	fin     bool  // the other side has ended its direction
	shut    bool  // this side has
	deaf    bool  // this side reads no more
	abrupt  bool  // closing resets
	dead    bool  // it was reset
	cut     bool  // nothing passes
	blocked bool  // the writer waits for room
	paused  bool  // the writer has to wait, by chance
}

// pairOf makes a connection between two loops. With the lock.
func (n *Network) pairOf(p, q *port, k kind, local, remote net.Addr) (near, far *end) {
	there, back := &pipe{}, &pipe{}
	near = &end{socket: socket{port: p}, kind: k, in: back, out: there, local: local, remote: remote, dice: n.newDice()}
	far = &end{socket: socket{port: q}, kind: k, in: there, out: back, local: remote, remote: local, dice: n.newDice()}
	near.peer, far.peer = far, near
	for _, e := range []*end{near, far} {
		e.self = e
		e.opened()
		n.ends[ends(e.local, e.remote)] = e
	}
	near.rank = len(n.all)
	n.all = append(n.all, near)
	far.rank = -1
	return near, far
}

// ends names a side of a connection by the addresses.
func ends(local, remote net.Addr) string {
	return local.Network() + " " + local.String() + " " + remote.String()
}

func (e *end) Read(p []byte) (int, error) {
	n := e.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	e.settle(n.now())
	switch {
	case e.closed:
		return 0, net.ErrClosed
	case len(p) == 0:
		return 0, nil
	case len(e.in.ends) > 0:
		return e.readMessage(p), nil
	case e.in.arrived.Len() > 0:
		k, _ := e.in.arrived.Read(p[:e.dice.chunk(min(len(p), e.in.arrived.Len()))])
		e.acknowledge(k)
		return k, nil
	case e.err != nil && (e.kind.local() || !e.fin):
		return 0, os.NewSyscallError("read", e.notice())
	case e.fin || e.dead || e.deaf:
		return 0, io.EOF
	}
	return 0, netport.ErrAgain
}

// ReadMessage reads one whole message.
func (e *end) ReadMessage(p []byte) ([]byte, error) {
	n := e.port.net
	n.mu.Lock()
	e.settle(n.now())
	if len(e.in.ends) > 0 && e.in.ends[0] > len(p) {
		p = make([]byte, e.in.ends[0])
	}
	n.mu.Unlock()
	k, err := e.Read(p)
	return p[:k], err
}

// readMessage reads one message; what does not fit is lost. With the lock.
func (e *end) readMessage(p []byte) int {
	size := e.in.ends[0]
	e.in.ends = cutFront(e.in.ends, 1)
	k := copy(p, e.in.arrived.Next(size))
	e.acknowledge(size)
	return k
}

// notice returns the error of a reset, once.
func (e *end) notice() (err error) {
	err, e.err = e.err, nil
	return err
}

func (e *end) Write(p []byte) (int, error) {
	n := e.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	e.settle(n.now())
	switch {
	case e.closed:
		return 0, net.ErrClosed
	case e.err != nil && !e.kind.local():
		return 0, os.NewSyscallError("write", e.notice())
	case e.shut || e.dead || e.kind.local() && (e.peer.closed && e.fin || e.peer.deaf):
		return 0, os.NewSyscallError("write", syscall.EPIPE)
	case e.kind == unixPacket && len(p) > n.cfg.Buffer:
		return 0, os.NewSyscallError("write", syscall.EMSGSIZE)
	case len(p) == 0:
		return 0, nil
	}
	room := n.cfg.Buffer - e.out.size
	if room <= 0 || e.kind == unixPacket && room < len(p) {
		e.blocked = true
		return 0, netport.ErrAgain
	}
	if e.paused {
		e.paused = false
		e.writable = true
		e.port.soon(&e.socket)
		return 0, netport.ErrAgain
	}
	k := min(len(p), room)
	if e.kind != unixPacket {
		k = e.dice.chunk(k)
	}
	e.paused = k < len(p) && e.dice.pauses()
	e.out.size += k
	e.send(segment{sign: bytesOf, data: p[:k]})
	return k, nil
}

// shutError is why neither direction can be ended any more, if so. With the lock.
func (e *end) shutError(now int64) error {
	e.settle(now)
	switch {
	case e.closed:
		return net.ErrClosed
	case e.dead && !e.kind.local():
		return os.NewSyscallError("shutdown", syscall.ENOTCONN)
	}
	return nil
}

// CloseWrite ends this side's direction.
func (e *end) CloseWrite() error {
	n := e.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := e.shutError(n.now()); err != nil {
		return err
	}
	if !e.shut && !e.dead {
		e.shut = true
		e.writable = true // a writer that waits learns it
		e.port.soon(&e.socket)
		e.send(segment{sign: fin})
	}
	return nil
}

// CloseRead ends reading.
func (e *end) CloseRead() error {
	n := e.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := e.shutError(n.now()); err != nil {
		return err
	}
	e.deaf = true
	e.readable = true // a reader that waits learns it
	e.port.soon(&e.socket)
	if e.kind.local() && !e.peer.closed { // and a writer on the other side
		e.peer.writable = true
		e.peer.port.soon(&e.peer.socket)
	}
	return nil
}

// Close ends both directions.
func (e *end) Close() error {
	n := e.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if e.closed {
		return net.ErrClosed
	}
	e.settle(n.now())
	e.close(e.in.arrived.Len() > 0 || len(e.in.ends) > 0 || e.abrupt)
	return nil
}

// close closes this side, and has the other side reset. On the loop or, if nobody
// watches it yet, on another. With the lock.
func (e *end) close(reset bool) {
	if !e.shutdown() {
		return
	}
	switch {
	case e.dead:
	case reset:
		e.dead = true
		e.send(segment{sign: rst})
	default:
		if !e.shut {
			e.send(segment{sign: fin})
		}
		for _, s := range e.in.flying {
			if s.at != never && s.sign == bytesOf {
				e.answer(s.at)
				break
			}
		}
	}
	e.in.arrived.Reset()
	e.release()
}

// abort closes a side that nobody has accepted. With the lock.
func (e *end) abort() { e.close(true) }

// reset is what a reset does to the side where it arrives. With the lock.
func (e *end) reset() {
	if e.dead {
		return
	}
	e.dead = true
	if e.err = syscall.ECONNRESET; e.fin && !e.kind.local() {
		e.err = syscall.EPIPE
	}
	e.readable, e.writable = true, true
	e.out.flying = nil
}

// release forgets what closed sides need not know any more. With the lock.
func (e *end) release() {
	n := e.port.net
	delete(n.ends, ends(e.local, e.remote))
	if !e.peer.closed {
		return
	}
	first := e
	if first.rank < 0 {
		first = e.peer
	}
	last := n.all[len(n.all)-1]
	n.all[first.rank], last.rank = last, first.rank
	n.all[len(n.all)-1] = nil
	n.all = n.all[:len(n.all)-1]
}

func (e *end) LocalAddr() net.Addr  { return e.local }
func (e *end) RemoteAddr() net.Addr { return e.remote }
