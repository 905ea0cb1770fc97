package portable

import (
	"fmt"
	"net"

	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// packets is a datagram socket. It is owned by the loop. While a goroutine reads, it owns readBuf.
type packets struct {
	socket
	packetConn netmake.Packets

	reading, readDone bool
	readBuf           []byte
	dataLen           int // length of the datagram in readBuf, if readDone
	from              net.Addr
	readErr           error

	sender datagramSender
}

func (n *network) packets(c netmake.Packets) *packets {
	p := &packets{socket: socket{net: n, conn: c.PacketConn}, packetConn: c}
	n.open[p] = struct{}{}
	return p
}

// ReadFrom returns the datagram that a goroutine has read, or starts a goroutine that reads.
func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	switch {
	case p.isClosed():
		return 0, nil, net.ErrClosed
	case p.readDone:
		p.readDone = false
		if p.readErr != nil {
			return 0, nil, p.readErr
		}
		return copy(b, p.readBuf[:p.dataLen]), p.from, nil
	case !p.reading:
		p.startRead()
	}
	return 0, nil, netport.ErrAgain
}

func (p *packets) startRead() {
	p.reading = true
	if len(p.readBuf) != maxDatagram {
		p.readBuf = make([]byte, maxDatagram)
	}
	var n int
	var from net.Addr
	var err error
	p.net.do(func() {
		if c, ok := p.packetConn.PacketConn.(*net.UnixConn); ok {
			p.readBuf, n, from, err = readMessage(c, p.readBuf)
		} else {
			n, from, err = p.packetConn.ReadFrom(p.readBuf)
		}
	}, func() {
		p.reading, p.readDone = false, true
		p.dataLen, p.from, p.readErr = n, from, unwrapOpError(err)
		p.notify(true, false)
	})
}

// WriteTo sends the datagram. It blocks the loop for at most maxSendTime.
func (p *packets) WriteTo(b []byte, to net.Addr) (int, error) {
	if p.isClosed() {
		return 0, net.ErrClosed
	}
	n, err := p.sender.send(&p.socket, func() (int, error) { return p.packetConn.WriteTo(b, to) })
	if err != nil && err != netport.ErrAgain {
		err = fmt.Errorf("to %v: %w", to, err)
	}
	return n, err
}

// Close removes the file of the socket and closes it.
func (p *packets) Close() error {
	if p.isClosed() {
		return net.ErrClosed
	}
	delete(p.net.open, p)
	p.packetConn.File.Remove()
	return p.closeOnce()
}

func (p *packets) LocalAddr() net.Addr { return p.packetConn.LocalAddr() }
