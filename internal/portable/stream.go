package portable

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// bufferLen is the size of a stream's buffers.
const bufferLen = 16 << 10

// file is what a stream is made of: a net.Conn or an *os.File.
type file interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// stream is a connection. It is owned by the loop; a goroutine that reads owns in, one
// that writes owns out.
type stream struct {
	net           *network
	file          file
	local, remote net.Addr
	watcher       netport.Watcher

	reading bool
	in      []byte // the buffer
	have    []byte // what is left in it
	readErr error  // after that

	writing  bool
	out      []byte
	writeErr error

	ending bool // no more is written: CloseWrite when out has gone
	closed bool
}

func (n *network) stream(f file, local, remote net.Addr) *stream {
	s := &stream{net: n, file: f, local: local, remote: remote}
	n.open[s] = struct{}{}
	return s
}

func (s *stream) Watch(w netport.Watcher) { s.watcher = w }

func (s *stream) tell(readable, writable bool) {
	if s.watcher != nil {
		s.watcher.Ready(readable, writable)
	}
}

// Read takes what a goroutine has read, and sends the next one.
func (s *stream) Read(p []byte) (int, error) {
	switch {
	case len(s.have) > 0:
		n := copy(p, s.have)
		s.have = s.have[n:]
		return n, nil
	case s.readErr != nil:
		return 0, s.readErr
	case s.closed:
		return 0, net.ErrClosed
	case !s.reading && len(p) > 0:
		s.fetch()
	case len(p) == 0:
		return 0, nil
	}
	return 0, netport.ErrAgain
}

func (s *stream) fetch() {
	s.reading = true
	if s.in == nil {
		s.in = make([]byte, bufferLen)
	}
	var n int
	var err error
	s.net.do(func() { n, err = s.file.Read(s.in) }, func() {
		s.reading = false
		s.have, s.readErr = s.in[:n], plain(err)
		s.tell(true, false)
	})
}

// Write hands what it can to a goroutine. How that fared is told by the next call.
func (s *stream) Write(p []byte) (int, error) {
	switch {
	case s.writeErr != nil:
		return 0, s.writeErr
	case s.closed:
		return 0, net.ErrClosed
	case s.ending:
		return 0, io.ErrClosedPipe
	case s.writing:
		return 0, netport.ErrAgain
	case len(p) == 0:
		return 0, nil
	}
	n := min(len(p), 4*bufferLen)
	s.out = append(s.out[:0], p[:n]...)
	s.writing = true
	var err error
	s.net.do(func() { _, err = s.file.Write(s.out) }, func() {
		s.writing = false
		s.writeErr = plain(err)
		switch {
		case s.closed:
			s.net.finish(s.file)
		case s.ending:
			s.closeWrite()
		}
		s.tell(false, true)
	})
	return n, nil
}

// CloseWrite ends the direction of writing, after what is being written.
func (s *stream) CloseWrite() error {
	if s.ending = true; s.writing {
		return nil
	}
	return s.closeWrite()
}

func (s *stream) closeWrite() error {
	if c, ok := s.file.(interface{ CloseWrite() error }); ok {
		return plain(c.CloseWrite())
	}
	return errors.ErrUnsupported
}

// Close closes the connection; what is being written goes on for drainTime.
func (s *stream) Close() error {
	if s.closed {
		return net.ErrClosed
	}
	s.closed = true
	delete(s.net.open, s)
	if !s.writing {
		return plain(s.file.Close())
	}
	s.file.SetReadDeadline(time.Now())
	s.file.SetWriteDeadline(time.Now().Add(drainTime))
	s.net.draining[s.file] = struct{}{}
	return nil
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }

// Control calls fn with the descriptor, if there is one.
func (s *stream) Control(fn func(fd uintptr)) error { return control(s.file, fn) }

func control(of any, fn func(fd uintptr)) error {
	c, ok := of.(syscall.Conn)
	if !ok {
		return errors.ErrUnsupported
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return plain(err)
	}
	return plain(raw.Control(fn))
}

// plain takes package net's description off an error: package aionet puts its own.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
