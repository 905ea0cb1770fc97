package portable

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/asyncio-go/asyncio/internal/netport"
)

const (
	bufferLen = 8 << 10       // of what is read
	writeLen  = 8 * bufferLen // the most that a goroutine writes
)

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
	file          file
	local, remote net.Addr

	whole    bool // a call reads or writes one message
	datagram bool // which may be empty, and whose errors are told once
	deaf     bool // Close does not end what is under way

	reading bool
	in      []byte // the buffer
	full    bool   // a read has ended, with have, which may be empty, and readErr
	have    []byte // what is left in the buffer
	readErr error  // after that

	writing  bool
	out      []byte
	writeErr error
	outgoing outgoing // datagrams

	// Guarded by the socket's mu.
	busy   bool // something is being written
	ending bool // no more is written: CloseWrite when that has gone
}

func (n *network) stream(f file, local, remote net.Addr) *stream {
	s := &stream{socket: socket{net: n, of: f}, file: f, local: local, remote: remote}
	switch local.Network() {
	case "udp", "unixgram":
		s.whole, s.datagram = true, true
	case "unixpacket":
		s.whole = true
	case fileNetwork:
		s.deaf = errors.Is(f.SetReadDeadline(time.Time{}), os.ErrNoDeadline)
	}
	n.open[s] = struct{}{}
	return s
}

// Read takes what a goroutine has read, or sends one to read.
func (s *stream) Read(p []byte) (int, error) {
	switch {
	case s.isClosed():
		return 0, net.ErrClosed
	case s.full && (len(s.have) > 0 || s.readErr == nil):
		n := copy(p, s.have)
		s.have = s.have[n:]
		if s.whole {
			s.have = nil // what did not fit is lost
		}
		s.full = len(s.have) > 0 || s.readErr != nil
		return n, nil
	case s.full:
		s.full = !s.datagram
		return 0, s.readErr
	case len(p) == 0 && !s.datagram:
		return 0, nil
	case !s.reading:
		s.fetch()
	}
	return 0, netport.ErrAgain
}

// ReadMessage reads one whole message.
func (s *stream) ReadMessage(p []byte) ([]byte, error) {
	if len(s.have) > len(p) {
		p = make([]byte, len(s.have))
	}
	n, err := s.Read(p)
	return p[:n], err
}

func (s *stream) fetch() {
	s.reading = true
	if s.in == nil || s.whole && len(s.in) > longest {
		size := bufferLen
		if s.whole {
			size = longest
		}
		s.in = make([]byte, size)
	}
	var n int
	var err error
	s.do(func() {
		if c, ok := s.file.(*net.UnixConn); ok && s.whole {
			if s.in, n, _, err = readMessage(c, s.in); err == nil && n == 0 && !s.datagram {
				err = io.EOF
			}
			return
		}
		n, err = s.file.Read(s.in)
	}, func() {
		s.reading, s.full = false, true
		s.have, s.readErr = s.in[:n], plain(err)
		s.tell(true, false)
	})
}

// do is the network's. A loop that ends does not wait for what nothing can end.
func (s *stream) do(work, done func()) {
	if s.deaf {
		s.net.leave(work, done)
	} else {
		s.net.do(work, done)
	}
}

// Write hands what it can to a goroutine. How that fared is told by the next call.
func (s *stream) Write(p []byte) (int, error) {
	switch {
	case s.isClosed():
		return 0, net.ErrClosed
	case s.writeErr != nil:
		return 0, s.writeErr
	case s.writing:
		return 0, netport.ErrAgain
	}
	if err := s.enter(); err != nil {
		return 0, err
	}
	if s.datagram {
		defer s.leave()
		return s.outgoing.send(&s.socket, func() (int, error) { return s.file.Write(p) })
	}
	if err := s.begin(); err != nil || len(p) == 0 {
		s.written()
		return 0, err
	}
	n := len(p)
	if !s.whole {
		n = min(n, writeLen)
	}
	s.out = append(s.out[:0], p[:n]...)
	s.writing = true
	var err error
	s.do(func() {
		_, err = s.file.Write(s.out)
		s.written()
	}, func() {
		s.writing = false
		s.writeErr = plain(err)
		s.tell(false, true)
	})
	return n, nil
}

// begin refuses to write after CloseWrite.
func (s *stream) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return errBrokenPipe
	}
	s.busy = true
	return nil
}

// written is called by the goroutine that has written. It does what was put off, so
// that nothing waits for the loop.
func (s *stream) written() {
	s.mu.Lock()
	put := s.busy && s.ending
	s.busy = false
	s.mu.Unlock()
	if put {
		s.file.(writeCloser).CloseWrite()
	}
	s.leave()
}

type writeCloser interface{ CloseWrite() error }

// CloseWrite ends the direction of writing, after what is being written.
func (s *stream) CloseWrite() error {
	c, ok := s.file.(writeCloser)
	if !ok {
		return errors.ErrUnsupported
	}
	s.mu.Lock()
	s.ending = true
	busy := s.busy
	s.mu.Unlock()
	if busy {
		return nil
	}
	return plain(c.CloseWrite())
}

// Close closes the connection; what is being written goes on for drainTime.
func (s *stream) Close() error {
	err := s.shut()
	if err != net.ErrClosed {
		delete(s.net.open, s)
	}
	return err
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }
