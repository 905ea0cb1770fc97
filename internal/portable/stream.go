package portable

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// bufferLen is the size of a stream's buffers.
const bufferLen = 8 << 10

// file is what a stream is made of: a net.Conn or an *os.File.
type file interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// stream is a connection. It is owned by the loop; a goroutine that reads owns in, one
// that writes owns out.
type stream struct {
	socket
	net           *network
	file          file
	local, remote net.Addr
	watcher       netport.Watcher

	datagrams bool
	reading   bool
	in        []byte // the buffer
	full      bool   // a read has ended, with have, which may be empty, and readErr
	have      []byte // what is left in the buffer
	readErr   error  // after that

	writing  bool
	out      []byte
	writeErr error

	ending bool // no more is written: CloseWrite when out has gone
	closed bool

	mu    sync.Mutex
	busy  bool // something is being written: whoever ends that looks at after
	after int  // what is to be done then: nothing, CloseWrite or Close
}

const (
	afterNothing = iota
	afterCloseWrite
	afterClose
)

func (n *network) stream(f file, local, remote net.Addr) *stream {
	s := &stream{socket: socket{f}, net: n, file: f, local: local, remote: remote}
	switch local.Network() {
	case "udp", "unixgram":
		s.datagrams = true
	}
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
	case s.full && (len(s.have) > 0 || s.readErr == nil):
		n := copy(p, s.have)
		s.have = s.have[n:]
		if s.datagrams {
			s.have = nil // what did not fit is lost
		}
		s.full = len(s.have) > 0 || s.readErr != nil
		return n, nil
	case s.full:
		s.full = !s.datagrams // an error of a datagram is told once
		return 0, s.readErr
	case s.closed:
		return 0, net.ErrClosed
	case len(p) == 0 && !s.datagrams:
		return 0, nil
	case !s.reading:
		s.fetch()
	}
	return 0, netport.ErrAgain
}

func (s *stream) fetch() {
	s.reading = true
	if s.in == nil {
		size := bufferLen
		if s.datagrams {
			size = longest
		}
		s.in = make([]byte, size)
	}
	var n int
	var err error
	s.net.do(func() { n, err = s.file.Read(s.in) }, func() {
		s.reading, s.full = false, true
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
	case len(p) == 0 && !s.datagrams:
		return 0, nil
	}
	n := len(p)
	if !s.datagrams {
		n = min(n, 8*bufferLen)
	}
	s.out = append(s.out[:0], p[:n]...)
	s.writing, s.busy = true, true
	var err error
	s.net.do(func() {
		_, err = s.file.Write(s.out)
		s.written()
	}, func() {
		s.writing = false
		s.writeErr = plain(err)
		s.tell(false, true)
	})
	return n, nil
}

// written is called by the goroutine that has written. It does what was put off, so
// that nothing waits for the loop.
func (s *stream) written() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
	switch s.after {
	case afterCloseWrite:
		s.closeWrite()
	case afterClose:
		s.file.Close()
	}
}

// putOff reports whether something is being written, and has what done after it.
func (s *stream) putOff(what int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy {
		s.after = what
	}
	return s.busy
}

// CloseWrite ends the direction of writing, after what is being written.
func (s *stream) CloseWrite() error {
	s.ending = true
	if s.putOff(afterCloseWrite) {
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
	s.file.SetReadDeadline(time.Now())
	s.file.SetWriteDeadline(time.Now().Add(drainTime))
	if !s.putOff(afterClose) {
		s.net.do(func() { s.file.Close() }, func() {}) // package net's waits for a Control under way
	}
	return nil
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }

// Prompt has the watcher told when the descriptor is ready.
func (s *stream) Prompt(read bool) {
	s.net.do(func() { s.await(read) }, func() { s.tell(read, !read) })
}
