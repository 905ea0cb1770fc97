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
	kind kind   // of its connections
	path string // of a unix socket, removed by Close
}

func (l *listener) Ready(e poll.Events) { l.tell(e) }

// The settings of connections are those of package net: TCP_NODELAY, and keep-alive
// probes every 15 s. Connections inherit them from the listener.
const keepAlive = 15

// prepare sets what connections inherit.
func (l *listener) prepare() error {
	if l.kind != tcp {
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
	near, network := l.addr, l.addr.Network()
	if l.kind == tcp { // the listener's may be a wildcard
		if sa, err := unix.Getsockname(fd); err == nil {
			near = streamAddr(sa, network)
		}
	}
	s, err := l.net.stream(fd, l.kind, near, streamAddr(from, network))
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close stops listening.
func (l *listener) Close() error {
	err := l.descriptor.Close()
	if err == nil {
		unlink(l.path)
	}
	return err
}

func (l *listener) Addr() net.Addr { return l.addr }

// pathOf returns the path of a unix socket's file, if it has one.
func pathOf(a net.Addr) string {
	if u, ok := a.(*net.UnixAddr); ok && u.Name != "" && u.Name[0] != '@' {
		return u.Name
	}
	return ""
}

func unlink(path string) {
	if path != "" {
		os.Remove(path)
	}
}
