package netmake

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// A Backlog accepts the connections in the accept backlog of a listening socket of package
// net, and then closes the socket.
type Backlog struct {
	l      Listening
	tried  bool
	sealed bool
}

// Backlog removes the socket's file and returns the accept backlog. If the system can, Accept
// seals the backlog when it is empty. A sealed socket is always readable, so only another
// accept shows that the backlog is still empty.
func (l Listening) Backlog() *Backlog {
	l.File.Remove()
	return &Backlog{l: l}
}

// Accept returns the next connection of the backlog. If there is none it closes the socket
// and returns nil. It blocks for at most look, on systems that do not report whether the
// backlog is empty.
func (b *Backlog) Accept(look time.Duration) (net.Conn, error) {
	for {
		has, known := HasBacklog(b.l.Listener)
		known = known && !b.sealed
		if known && !has {
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
		case late && known: // on a busy machine the deadline may pass before accept is called
		case late, b.sealed && errors.Is(err, syscall.EINVAL), errors.Is(err, net.ErrClosed):
			b.l.Listener.Close()
			return nil, nil
		default:
			return nil, err
		}
	}
}

// seal seals the backlog, and reports whether it did. A second call does nothing.
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
