//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"errors"
	"io"
	"net"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/netport"
	"github.com/asyncio-go/asyncio/internal/poll"
)

// A kind is the kind of a descriptor.
type kind uint8

const (
	tcp      kind = iota
	local         // a unix socket
	messages      // unixpacket
	datagram
	file // a pipe or a terminal
)

func kindOf(network string) kind {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return tcp
	case "unix":
		return local
	case "unixpacket":
		return messages
	}
	return datagram
}

// hasMessages reports whether each read and each write is a message.
func (k kind) hasMessages() bool { return k == messages || k == datagram }

// A stream is a connection, a pipe or a terminal.
type stream struct {
	descriptor
	local, remote net.Addr
	kind          kind
	readable      bool // there may be data to read
	urgentOrEnded bool // a short read does not show that the receive buffer is empty: reads stop before urgent data, and after the end no event follows
}

// Ready implements poll.Source.
func (s *stream) Ready(e poll.Events) {
	s.readable = s.readable || e&poll.Readable != 0
	s.urgentOrEnded = s.urgentOrEnded || e&(poll.Urgent|poll.Ended) != 0
	s.notify(e)
}

// maxBytes bounds one system call. With a fast peer a longer one could keep the loop from running
// other tasks.
const maxBytes = 1 << 20

// Read makes no system call if the receive buffer is known to be empty: the last read returned less
// than it had room for, and no event has come since. That saves every second call of a server
// whose requests arrive one by one.
func (s *stream) Read(p []byte) (int, error) {
	if !s.readable {
		return 0, netport.ErrAgain
	}
	if len(p) > maxBytes && !s.kind.hasMessages() {
		p = p[:maxBytes]
	}
	for {
		n, err := read(s.fd, p, s.shared)
		switch {
		case err != nil:
			now, err := again(err)
			if now {
				continue
			}
			s.readable = err != netport.ErrAgain
			return 0, syscallError("read", err)
		case n == 0 && len(p) > 0 && s.kind != datagram:
			return 0, io.EOF
		case n < len(p) && s.kind == tcp && !s.urgentOrEnded:
			s.readable = false
		}
		return n, nil
	}
}

// ReadMessage reads one whole message. A UDP datagram always fits in a buffer of aionet's pool. A
// message of a unix socket may be longer.
func (s *stream) ReadMessage(p []byte) ([]byte, error) {
	if _, ok := s.local.(*net.UnixAddr); ok && s.readable {
		if n, err := messageLen(s.fd); err == nil && n > len(p) {
			p = make([]byte, n)
		}
	}
	n, err := s.Read(p)
	return p[:n], err
}

// Write writes as much of p as the send buffer has room for.
func (s *stream) Write(p []byte) (int, error) {
	if len(p) > maxBytes && !s.kind.hasMessages() {
		p = p[:maxBytes]
	}
	for {
		n, err := write(s.fd, p, s.shared)
		if err == nil {
			return n, nil
		}
		if now, err := again(err); !now {
			return 0, syscallError("write", err)
		}
	}
}

// CloseWrite closes the writing direction.
func (s *stream) CloseWrite() error { return s.shutdown(unix.SHUT_WR) }

// CloseRead closes the reading direction.
func (s *stream) CloseRead() error { return s.shutdown(unix.SHUT_RD) }

func (s *stream) shutdown(how int) error {
	if s.kind == file {
		return errors.ErrUnsupported
	}
	return s.call("shutdown", func(fd int) error { return unix.Shutdown(fd, how) })
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }
