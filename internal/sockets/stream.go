//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/netport"
	"github.com/asyncio-go/asyncio/internal/poll"
)

// kind is what is known of a stream's descriptor.
type kind uint8

const (
	tcp kind = iota
	local
	datagram
	file // a pipe or a terminal
)

func kindOf(network string) kind {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return tcp
	case "unix", "unixpacket":
		return local
	}
	return datagram
}

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

// Read tries to read, unless nothing can be there: an earlier read got less than
// there was room for, and no news has come since. That saves one call of two where
// requests come one by one.
func (s *stream) Read(p []byte) (int, error) {
	if !s.readable {
		return 0, netport.ErrAgain
	}
	for {
		n, err := read(s.fd, p)
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

// Write writes what there is room for.
func (s *stream) Write(p []byte) (int, error) {
	for {
		n, err := write(s.fd, p)
		if err == nil {
			return n, nil
		}
		if now, err := again(err); !now {
			return 0, wrap("write", err)
		}
	}
}

// CloseWrite ends the direction of writing.
func (s *stream) CloseWrite() error {
	return os.NewSyscallError("shutdown", unix.Shutdown(s.fd, unix.SHUT_WR))
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }
