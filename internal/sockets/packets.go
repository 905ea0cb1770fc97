//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
	"github.com/asyncio-go/asyncio/internal/poll"
)

// packets is a socket for datagrams that is not connected.
type packets struct {
	descriptor
	local  net.Addr
	family int
	file   *netmake.SocketFile
	full   bool // the receive buffer of a peer was full, and a timer retries
}

func (p *packets) Ready(e poll.Events) { p.tell(e) }

func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := unix.Recvfrom(p.fd, b, 0)
		if err == nil {
			return n, packetAddr(from), nil
		}
		if now, err := again(err); !now {
			return 0, nil, wrap("recvfrom", err)
		}
	}
}

func (p *packets) WriteTo(b []byte, to net.Addr) (int, error) {
	sa, err := sockaddr(to, p.family)
	if err != nil {
		return 0, err
	}
	for {
		err := unix.Sendto(p.fd, b, 0, sa)
		if err == nil {
			return len(b), nil
		}
		if now, err := again(err); !now {
			if err == netport.ErrAgain && p.family == unix.AF_UNIX {
				p.wakeLater()
			}
			return 0, wrap("sendto", err)
		}
	}
}

// fullPause is how long a writer waits for a receiver whose queue is full.
const fullPause = time.Millisecond

// wakeLater has a waiting writer look again. A datagram for another unix socket waits
// for that one's queue, of which the system tells only those connected to it.
func (p *packets) wakeLater() {
	if !p.full {
		p.full = true
		p.net.loop.CallAt(p.net.loop.After(fullPause), func() {
			p.full = false
			p.tell(poll.Writable)
		})
	}
}

// Close closes the socket.
func (p *packets) Close() error {
	if !p.closed {
		p.file.Remove()
	}
	return p.descriptor.Close()
}

func (p *packets) LocalAddr() net.Addr { return p.local }
