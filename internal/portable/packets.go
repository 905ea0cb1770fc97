package portable

import (
	"fmt"
	"net"

	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// packets is a socket for datagrams. It is owned by the loop; a goroutine that reads
// owns in.
type packets struct {
	socket
	conn netmake.Packets

	reading, full bool
	in            []byte
	have          int // of in, if full
	from          net.Addr
	readErr       error

	out outgoing
}

func (n *network) packets(c netmake.Packets) *packets {
	p := &packets{socket: socket{net: n, of: c.PacketConn}, conn: c}
	n.open[p] = struct{}{}
	return p
}

// ReadFrom takes the datagram that a goroutine has read, or sends one to read.
func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	switch {
	case p.isClosed():
		return 0, nil, net.ErrClosed
	case p.full:
		p.full = false
		if p.readErr != nil {
			return 0, nil, p.readErr
		}
		return copy(b, p.in[:p.have]), p.from, nil
	case !p.reading:
		p.fetch()
	}
	return 0, nil, netport.ErrAgain
}

func (p *packets) fetch() {
	p.reading = true
	if len(p.in) != longest {
		p.in = make([]byte, longest)
	}
	var n int
	var from net.Addr
	var err error
	p.net.do(func() {
		if c, ok := p.conn.PacketConn.(*net.UnixConn); ok {
			p.in, n, from, err = readMessage(c, p.in)
		} else {
			n, from, err = p.conn.ReadFrom(p.in)
		}
	}, func() {
		p.reading, p.full = false, true
		p.have, p.from, p.readErr = n, from, plain(err)
		p.tell(true, false)
	})
}

// WriteTo sends the datagram at once.
func (p *packets) WriteTo(b []byte, to net.Addr) (int, error) {
	if p.isClosed() {
		return 0, net.ErrClosed
	}
	n, err := p.out.send(&p.socket, func() (int, error) { return p.conn.WriteTo(b, to) })
	if err != nil && err != netport.ErrAgain {
		err = fmt.Errorf("to %v: %w", to, err)
	}
	return n, err
}

// Close closes the socket and removes its file, if it has one.
func (p *packets) Close() error {
	if p.isClosed() {
		return net.ErrClosed
	}
	delete(p.net.open, p)
	p.conn.File.Remove()
	return p.shut()
}

func (p *packets) LocalAddr() net.Addr { return p.conn.LocalAddr() }
