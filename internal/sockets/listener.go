//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/netport"
	"github.com/asyncio-go/asyncio/internal/poll"
)

// listener is a socket that listens.
type listener struct {
	descriptor
	addr net.Addr
	path string // of a unix socket, removed by Close
}

func (l *listener) Ready(e poll.Events) { l.tell(e) }

// The settings of connections are those of package net: TCP_NODELAY, and keep-alive
// probes every 15 s. Connections inherit them from the listener.
const keepAlive = 15

// prepare sets what connections inherit.
func (l *listener) prepare() error {
	if l.path != "" {
		return nil
	}
	if err := unix.SetsockoptInt(l.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return inheritKeepAlive(l.fd)
}

// Accept takes a connection that waits.
func (l *listener) Accept() (netport.Stream, error) {
	for {
		fd, from, err := accept(l.fd)
		switch err {
		case nil:
			return l.accepted(fd, from)
		case unix.EINTR, unix.ECONNABORTED: // the second: it left while it waited
			continue
		case unix.EAGAIN:
			return nil, netport.ErrAgain
		}
		return nil, os.NewSyscallError("accept", err)
	}
}

func (l *listener) accepted(fd int, from unix.Sockaddr) (netport.Stream, error) {
	k, near := tcp, l.addr
	if l.path != "" {
		k = local
	} else if sa, err := unix.Getsockname(fd); err == nil {
		near = streamAddr(sa)
	}
	return l.net.stream(fd, k, near, streamAddr(from))
}

// Close stops listening.
func (l *listener) Close() error {
	err := l.descriptor.Close()
	if l.path != "" && err == nil && l.path[0] != '@' {
		os.Remove(l.path)
	}
	return err
}

func (l *listener) Addr() net.Addr { return l.addr }
