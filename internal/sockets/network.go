//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

// Package sockets is the netport.Network of the operating system: non-blocking sockets, watched by
// the loop's poller.
//
// Package net makes the sockets, in another goroutine: it resolves names, races addresses and
// sets options. Package sockets then duplicates the descriptor. It accepts, reads and writes on
// the loop.
package sockets

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
	"github.com/asyncio-go/asyncio/internal/openfile"
	"github.com/asyncio-go/asyncio/internal/poll"
)

// network is the network of one loop, and the poller in which the loop waits.
type network struct {
	loop   *engine.Loop
	poller *poll.Poller
	maker  netmake.Maker
}

// New makes the loop's network and sets the loop's poller.
func New(l *engine.Loop) (netport.Network, error) {
	if l.Bubbled() {
		return nil, errors.New("aionet: sockets do not work in virtual time: asynciotest.Run has its own network")
	}
	p, err := poll.New()
	if err != nil {
		return nil, err
	}
	n := &network{l, p, netmake.New()}
	l.SetPoller(n)
	return n, nil
}

// Wait, Wake and Close implement the loop's poller.
func (n *network) Wait(d time.Duration) { n.poller.Wait(d) }

func (n *network) Wake() { n.poller.Wake() }

// Close closes the open sockets at the end of the loop.
func (n *network) Close() {
	n.poller.Sources(func(s poll.Source) { s.(interface{ Close() error }).Close() })
	n.poller.Close()
}

func (n *network) Listen(ctx context.Context, network, addr string, o netport.Options) (netport.Listener, error) {
	made, err := n.maker.Listen(ctx, network, addr, o)
	if err != nil {
		return nil, err
	}
	l := &listener{descriptor: descriptor{net: n}, addr: made.Addr(), kind: kindOf(network), file: made.File}
	if l.fd, err = duplicateAndClose(made.Listener); err == nil {
		if err = l.setInherited(); err == nil {
			l.token, err = n.poller.Add(l.fd, l)
		}
		if err != nil {
			unix.Close(l.fd)
		}
	}
	if err != nil {
		l.file.Remove()
		return nil, &net.OpError{Op: "listen", Net: network, Addr: l.addr, Err: err}
	}
	return l, nil
}

func (n *network) Dial(ctx context.Context, network, addr string, o netport.Options) (netport.Stream, error) {
	made, err := n.maker.Dial(ctx, network, addr, o)
	if err != nil {
		return nil, err
	}
	stream, err := n.AdoptConn(made)
	if err != nil {
		made.Close()
		return nil, err
	}
	return stream, nil
}

// AdoptConn makes a stream with a duplicate of the descriptor of c, and closes c.
func (n *network) AdoptConn(c net.Conn) (netport.Stream, error) {
	local, remote := c.LocalAddr(), c.RemoteAddr()
	var s *stream
	fd, err := duplicate(c.(syscall.Conn))
	if err == nil {
		s, err = n.stream(fd, kindOf(remote.Network()), local, remote)
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: remote.Network(), Source: local, Addr: remote, Err: err}
	}
	c.Close()
	return s, nil
}

func (n *network) ListenPacket(ctx context.Context, network, addr string, o netport.Options) (netport.Packets, error) {
	made, err := n.maker.ListenPacket(ctx, network, addr, o)
	if err != nil {
		return nil, err
	}
	p := &packets{descriptor: descriptor{net: n}, local: made.LocalAddr(), file: made.File}
	if p.fd, err = duplicateAndClose(made.PacketConn); err == nil {
		if p.family, err = familyOf(p.fd); err == nil {
			p.token, err = n.poller.Add(p.fd, p)
		}
		if err != nil {
			unix.Close(p.fd)
		}
	}
	if err != nil {
		p.file.Remove()
		return nil, &net.OpError{Op: "listen", Net: network, Addr: p.local, Err: err}
	}
	return p, nil
}

func (n *network) Adopt(_ context.Context, f *os.File) (netport.Stream, error) {
	fd, err := duplicate(f)
	if err != nil {
		return nil, err
	}
	k, local, remote, err := identify(fd, f.Name())
	if err != nil { // not connected
		unix.Close(fd)
		return nil, err
	}
	s, err := n.stream(fd, k, local, remote)
	switch {
	case errors.Is(err, unix.EPERM):
		return nil, fmt.Errorf("%s cannot be waited for: it is a regular file, a directory or a device that is always ready; use asyncio.ToThread: %w", f.Name(), err)
	case err != nil:
		return nil, err
	}
	s.shared = true
	if s.mode, err = openfile.Unblock(fd); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// stream makes the stream of a non-blocking descriptor. The stream owns the descriptor; if stream
// fails, it closes the descriptor.
func (n *network) stream(fd int, k kind, local, remote net.Addr) (*stream, error) {
	s := &stream{descriptor: descriptor{net: n, fd: fd}, kind: k, local: local, remote: remote, readable: true}
	token, err := n.poller.Add(fd, s)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	s.token = token
	return s, nil
}

// duplicateAndClose returns a duplicate of the descriptor of c, and closes c.
func duplicateAndClose(c interface{ Close() error }) (int, error) {
	fd, err := duplicate(c.(syscall.Conn))
	c.Close()
	return fd, err
}

func duplicate(c syscall.Conn) (fd int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, err
	}
	if raw.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }) != nil {
		return -1, os.ErrClosed
	}
	return fd, os.NewSyscallError("dup", err)
}
