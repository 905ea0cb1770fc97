//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
	"github.com/asyncio-go/asyncio/internal/poll"
)

// A listener is a listening socket.
type listener struct {
	descriptor
	addr   net.Addr
	kind   kind // kind of its connections
	file   *netmake.SocketFile
	sealed bool // Drain has sealed the backlog
}

func (l *listener) Ready(e poll.Events) { l.notify(e) }

// keepAlive is the interval of keep-alive probes in seconds, as in package net.
const keepAlive = 15

// setInherited sets the options of package net: TCP_NODELAY and keep-alive. Accepted connections
// inherit them from the listener.
func (l *listener) setInherited() error {
	if l.kind != tcp {
		return nil
	}
	if err := unix.SetsockoptInt(l.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return inheritKeepAlive(l.fd)
}

// Accept accepts a connection of the accept backlog.
func (l *listener) Accept() (netport.Stream, error) {
	for {
		fd, from, err := accept(l.fd)
		switch err {
		case nil:
			return l.accepted(fd, from)
		case unix.EINTR, unix.ECONNABORTED: // ECONNABORTED: the peer has reset a connection in the backlog
			continue
		case unix.EAGAIN:
			return nil, netport.ErrAgain
		}
		return nil, os.NewSyscallError("accept", err)
	}
}

func (l *listener) accepted(fd int, from unix.Sockaddr) (netport.Stream, error) {
	localAddr, network := l.addr, l.addr.Network()
	if l.kind == tcp { // the listener's address may be unspecified
		if sa, err := unix.Getsockname(fd); err == nil {
			localAddr = streamAddr(sa, network)
		}
	}
	s, err := l.net.stream(fd, l.kind, localAddr, streamAddr(from, network))
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Drain accepts the connections in the accept backlog, and closes the socket when the backlog
// is empty. The backlog of a unix socket is sealed first, and then accepted again until it is
// empty. An error such as EMFILE does not show that the backlog is empty.
func (l *listener) Drain(most int) (taken []netport.Stream, err error) {
	l.file.Remove()
	for len(taken) < most {
		s, err := l.Accept()
		switch {
		case err == nil:
			taken = append(taken, s)
			continue
		case err == netport.ErrAgain && !l.sealed && netmake.Seal(l.fd, l.addr):
			l.sealed = true
			continue
		case err == netport.ErrAgain || errors.Is(err, unix.EINVAL) || !l.sealed && l.empty(): // some systems return EINVAL for an empty sealed backlog
			return taken, l.descriptor.Close() // at once, as clients may still connect
		}
		return taken, err
	}
	return taken, nil
}

// empty reports whether the accept backlog is empty. Accept cannot report this without a free
// descriptor: it fails with EMFILE even if the backlog is empty.
func (l *listener) empty() bool {
	readable, err := netmake.Readable(l.fd)
	return err == nil && !readable
}

// Close stops listening.
func (l *listener) Close() error {
	if !l.closed {
		l.file.Remove()
	}
	return l.descriptor.Close()
}

func (l *listener) Addr() net.Addr { return l.addr }
