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

// packets is an unconnected datagram socket.
type packets struct {
	descriptor
	local    net.Addr
	family   int
	file     *netmake.SocketFile
	retrying bool // the receive buffer of a peer was full, and a timer will wake the writers
}

func (p *packets) Ready(e poll.Events) { p.notify(e) }

func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := unix.Recvfrom(p.fd, b, 0)
		if err == nil {
			return n, packetAddr(from), nil
		}
		if now, err := again(err); !now {
			return 0, nil, syscallError("recvfrom", err)
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
				p.retryLater()
			}
			return 0, syscallError("sendto", err)
		}
	}
}

// retryPause is the time after which a writer tries again.
const retryPause = time.Millisecond

// retryLater wakes waiting writers after retryPause. A writer to a unix socket waits for room in the
// peer's receive buffer. The poller reports that only for connected sockets.
func (p *packets) retryLater() {
	if !p.retrying {
		p.retrying = true
		p.net.loop.CallAt(p.net.loop.After(retryPause), func() {
			p.retrying = false
			p.notify(poll.Writable)
		})
	}
}

// Close removes the file of the socket and closes it.
func (p *packets) Close() error {
	if !p.closed {
		p.file.Remove()
	}
	return p.descriptor.Close()
}

func (p *packets) LocalAddr() net.Addr { return p.local }
