package portable

import (
	"fmt"
	"net"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// longest is more than a datagram of any kind here can have.
const longest = 64 << 10

// packets is a socket for datagrams. It is owned by the loop; a goroutine that reads
// owns in.
type packets struct {
	socket
	net     *network
	conn    net.PacketConn
	watcher netport.Watcher

	reading, full bool
	in            []byte
	have          int // of in, if full
	from          net.Addr
	readErr       error

	closed bool
}

func (p *packets) Watch(w netport.Watcher) { p.watcher = w }

func (p *packets) tell(readable, writable bool) {
	if p.watcher != nil {
		p.watcher.Ready(readable, writable)
	}
}

// ReadFrom takes the datagram that a goroutine has read, and sends the next one.
func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	switch {
	case p.full:
		p.full = false
		if p.readErr != nil {
			return 0, nil, p.readErr
		}
		return copy(b, p.in[:p.have]), p.from, nil
	case p.closed:
		return 0, nil, net.ErrClosed
	case !p.reading:
		p.fetch()
	}
	return 0, nil, netport.ErrAgain
}

func (p *packets) fetch() {
	p.reading = true
	if p.in == nil {
		p.in = make([]byte, longest)
	}
	var n int
	var from net.Addr
	var err error
	p.net.do(func() { n, from, err = p.conn.ReadFrom(p.in) }, func() {
		p.reading, p.full = false, true
		p.have, p.from, p.readErr = n, from, plain(err)
		p.tell(true, false)
	})
}

// WriteTo sends the datagram at once. Where the system has no room it waits, which for
// datagrams is short.
func (p *packets) WriteTo(b []byte, to net.Addr) (int, error) {
	if p.closed {
		return 0, net.ErrClosed
	}
	n, err := p.conn.WriteTo(b, to)
	if err != nil {
		return n, fmt.Errorf("to %v: %w", to, plain(err))
	}
	return n, nil
}

// Close closes the socket. A datagram that is being sent may be lost, as any may.
func (p *packets) Close() error {
	if p.closed {
		return net.ErrClosed
	}
	p.closed = true
	delete(p.net.open, p)
	p.net.do(func() { p.conn.Close() }, func() {}) // see the stream's
	return nil
}

func (p *packets) LocalAddr() net.Addr { return p.conn.LocalAddr() }

// Prompt has the watcher told when the descriptor is ready.
func (p *packets) Prompt(read bool) {
	p.net.do(func() { p.await(read) }, func() { p.tell(read, !read) })
}
