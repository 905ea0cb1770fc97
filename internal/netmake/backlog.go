package netmake

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// A Backlog is the accept backlog of a listening socket of package net that is about to
// be closed.
type Backlog struct {
	l      Listening
	tried  bool
	sealed bool
}

// Backlog removes the socket's file. The accept backlog is sealed, where the system can, as
// soon as it is empty: sealed, it counts as readable, and only accepting shows that it is empty.
func (l Listening) Backlog() *Backlog {
	l.File.Remove()
	return &Backlog{l: l}
}

// Accept returns the next connection of the backlog. When there is none it closes the
// socket and returns nil. It waits at most for the given time, where only waiting tells.
func (b *Backlog) Accept(look time.Duration) (net.Conn, error) {
	for {
		waits, known := Waits(b.l.Listener)
		known = known && !b.sealed
		if known && !waits {
			if b.seal() {
				continue
			}
			b.l.Listener.Close()
			return nil, nil
		}
		if l, ok := b.l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
			l.SetDeadline(time.Now().Add(look))
		}
		c, err := b.l.Accept()
		late := errors.Is(err, os.ErrDeadlineExceeded)
		switch {
		case err == nil:
			return c, nil
		case late && known: // the deadline came before the look, on a busy machine
		case late, b.sealed && errors.Is(err, syscall.EINVAL), errors.Is(err, net.ErrClosed):
			b.l.Listener.Close()
			return nil, nil
		default:
			return nil, err
		}
	}
}

// seal seals the backlog, once, and reports whether it did.
func (b *Backlog) seal() bool {
	c, ok := b.l.Listener.(syscall.Conn)
	if !ok || b.tried {
		return false
	}
	b.tried = true
	if raw, err := c.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { b.sealed = Seal(int(fd), b.l.Addr()) })
	}
	return b.sealed
}
