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

// kind is what is known of a descriptor.
type kind uint8

const (
	tcp      kind = iota
	local         // a stream of bytes of this machine
	messages      // unixpacket: a connection whose messages stay apart
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

// whole reports whether one call reads or writes one message.
func (k kind) whole() bool { return k == messages || k == datagram }

// stream is a connection, or what looks like one.
type stream struct {
	descriptor
	local, remote net.Addr
	kind          kind
	readable      bool // the last news: there may be something to read
	unsure        bool // there was urgent data, before which reads stop short, or the end has come, after which no news does
}

// Ready is the poller's news.
func (s *stream) Ready(e poll.Events) {
	s.readable = s.readable || e&poll.Readable != 0
	s.unsure = s.unsure || e&(poll.Urgent|poll.Ended) != 0
	s.tell(e)
}

// mostBytes is how much one call moves: with a fast peer the system would go on for
// as long as there is something, and nothing else would run.
const mostBytes = 1 << 20

// Read tries to read, unless nothing can be there: an earlier read got less than
// there was room for, and no news has come since. That saves one call of two where
// requests come one by one.
func (s *stream) Read(p []byte) (int, error) {
	if !s.readable {
		return 0, netport.ErrAgain
	}
	if len(p) > mostBytes && !s.kind.whole() {
		p = p[:mostBytes]
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
			return 0, wrap("read", err)
		case n == 0 && len(p) > 0 && s.kind != datagram:
			return 0, io.EOF
		case n < len(p) && s.kind == tcp && !s.unsure:
			s.readable = false
		}
		return n, nil
	}
}

// ReadMessage reads one whole message. A datagram of the internet fits in any buffer of a loop.
// A message of a unix socket may be longer.
func (s *stream) ReadMessage(p []byte) ([]byte, error) {
	if _, ok := s.local.(*net.UnixAddr); ok && s.readable {
		if n, err := messageLen(s.fd); err == nil && n > len(p) {
			p = make([]byte, n)
		}
	}
	n, err := s.Read(p)
	return p[:n], err
}

// Write writes what there is room for.
func (s *stream) Write(p []byte) (int, error) {
	if len(p) > mostBytes && !s.kind.whole() {
		p = p[:mostBytes]
	}
	for {
		n, err := write(s.fd, p, s.shared)
		if err == nil {
			return n, nil
		}
		if now, err := again(err); !now {
			return 0, wrap("write", err)
		}
	}
}

// CloseWrite ends the direction of writing.
func (s *stream) CloseWrite() error { return s.shutdown(unix.SHUT_WR) }

// CloseRead ends the direction of reading.
func (s *stream) CloseRead() error { return s.shutdown(unix.SHUT_RD) }

func (s *stream) shutdown(how int) error {
	if s.kind == file {
		return errors.ErrUnsupported
	}
	return s.call("shutdown", func(fd int) error { return unix.Shutdown(fd, how) })
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }
