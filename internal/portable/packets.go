package portable

import (
	"net"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// longest is more than a datagram of any kind here can have.
const longest = 64 << 10

// packets is a socket for datagrams. It is owned by the loop; a goroutine that reads
// owns in, one that writes owns out.
type packets struct {
	net     *network
	socket  net.PacketConn
	watcher netport.Watcher

	reading, full bool
	in            []byte
	have          int // of in, if full
	from          net.Addr
	readErr       error

	writing  bool
	out      []byte
	writeErr error
	closed   bool
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
	p.net.do(func() { n, from, err = p.socket.ReadFrom(p.in) }, func() {
		p.reading, p.full = false, true
		p.have, p.from, p.readErr = n, from, plain(err)
		p.tell(true, false)
	})
}

// WriteTo hands a datagram to a goroutine. How that fared is told by the next call.
func (p *packets) WriteTo(b []byte, to net.Addr) (int, error) {
	switch {
	case p.writing:
		return 0, netport.ErrAgain
	case p.writeErr != nil:
		err := p.writeErr
		p.writeErr = nil
		return 0, err
	case p.closed:
		return 0, net.ErrClosed
	}
	p.out = append(p.out[:0], b...)
	p.writing = true
	var err error
	p.net.do(func() { _, err = p.socket.WriteTo(p.out, to) }, func() {
		p.writing = false
		p.writeErr = plain(err)
		p.tell(false, true)
	})
	return len(b), nil
}

// Close closes the socket. A datagram that is being sent may be lost, as any may.
func (p *packets) Close() error {
	if p.closed {
		return net.ErrClosed
	}
	p.closed = true
	delete(p.net.open, p)
	return plain(p.socket.Close())
}

func (p *packets) LocalAddr() net.Addr { return p.socket.LocalAddr() }

// Control calls fn with the descriptor.
func (p *packets) Control(fn func(fd uintptr)) error { return control(p.socket, fn) }
