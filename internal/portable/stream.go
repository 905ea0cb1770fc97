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
	bufferLen = 8 << 10       // of the read buffer
	maxWrite  = 8 * bufferLen // bounds what a goroutine writes
)

// A file is a net.Conn or an *os.File.
type file interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// A stream is a connection. It is owned by the loop. While a goroutine reads, it owns readBuf; while
// one writes, it owns writeBuf.
type stream struct {
	socket
	file          file
	local, remote net.Addr

	messages        bool // each read and each write is a message
	datagram        bool // a message may be empty, and an error is returned once
	uninterruptible bool // Close does not end an operation in progress

	reading  bool
	readBuf  []byte // the buffer
	readDone bool   // a read has ended, with data, which may be empty, and readErr
	data     []byte // the unread part of readBuf
	readErr  error  // returned after data

	writing  bool
	writeBuf []byte
	writeErr error
	sender   datagramSender // datagrams

	// Guarded by the socket's mu.
	writeBusy         bool // a goroutine writes
	closeWritePending bool // CloseWrite was called; it is done after the write in progress
}

func (n *network) stream(f file, local, remote net.Addr) *stream {
	s := &stream{socket: socket{net: n, conn: f}, file: f, local: local, remote: remote}
	switch local.Network() {
	case "udp", "unixgram":
		s.messages, s.datagram = true, true
	case "unixpacket":
		s.messages = true
	case fileNetwork:
		s.uninterruptible = errors.Is(f.SetReadDeadline(time.Time{}), os.ErrNoDeadline)
	}
	n.open[s] = struct{}{}
	return s
}

// Read returns data that a goroutine has read, or starts a goroutine that reads.
func (s *stream) Read(p []byte) (int, error) {
	switch {
	case s.isClosed():
		return 0, net.ErrClosed
	case s.readDone && (len(s.data) > 0 || s.readErr == nil):
		n := copy(p, s.data)
		s.data = s.data[n:]
		if s.messages {
			s.data = nil // the part that does not fit is lost
		}
		s.readDone = len(s.data) > 0 || s.readErr != nil
		return n, nil
	case s.readDone:
		s.readDone = !s.datagram
		return 0, s.readErr
	case len(p) == 0 && !s.datagram:
		return 0, nil
	case !s.reading:
		s.startRead()
	}
	return 0, netport.ErrAgain
}

// ReadMessage reads one whole message.
func (s *stream) ReadMessage(p []byte) ([]byte, error) {
	if len(s.data) > len(p) {
		p = make([]byte, len(s.data))
	}
	n, err := s.Read(p)
	return p[:n], err
}

func (s *stream) startRead() {
	s.reading = true
	if s.readBuf == nil || s.messages && len(s.readBuf) > maxDatagram {
		size := bufferLen
		if s.messages {
			size = maxDatagram
		}
		s.readBuf = make([]byte, size)
	}
	var n int
	var err error
	s.do(func() {
		if c, ok := s.file.(*net.UnixConn); ok && s.messages {
			if s.readBuf, n, _, err = readMessage(c, s.readBuf); err == nil && n == 0 && !s.datagram {
				err = io.EOF
			}
			return
		}
		n, err = s.file.Read(s.readBuf)
	}, func() {
		s.reading, s.readDone = false, true
		s.data, s.readErr = s.readBuf[:n], unwrapOpError(err)
		s.notify(true, false)
	})
}

// do runs an operation in a goroutine. The end of the loop does not wait for an operation that
// cannot be interrupted.
func (s *stream) do(work, done func()) {
	if s.uninterruptible {
		s.net.doUnawaited(work, done)
	} else {
		s.net.do(work, done)
	}
}

// Write starts a goroutine that writes at most maxWrite bytes of p. The next call returns its error.
func (s *stream) Write(p []byte) (int, error) {
	switch {
	case s.isClosed():
		return 0, net.ErrClosed
	case s.writeErr != nil:
		return 0, s.writeErr
	case s.writing:
		return 0, netport.ErrAgain
	}
	if err := s.acquire(); err != nil {
		return 0, err
	}
	if s.datagram {
		defer s.releaseUse()
		return s.sender.send(&s.socket, func() (int, error) { return s.file.Write(p) })
	}
	if err := s.beginWrite(); err != nil || len(p) == 0 {
		s.endWrite()
		return 0, err
	}
	n := len(p)
	if !s.messages {
		n = min(n, maxWrite)
	}
	s.writeBuf = append(s.writeBuf[:0], p[:n]...)
	s.writing = true
	var err error
	s.do(func() {
		_, err = s.file.Write(s.writeBuf)
		s.endWrite()
	}, func() {
		s.writing = false
		s.writeErr = unwrapOpError(err)
		s.notify(false, true)
	})
	return n, nil
}

// beginWrite returns EPIPE after CloseWrite.
func (s *stream) beginWrite() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closeWritePending {
		return errBrokenPipe
	}
	s.writeBusy = true
	return nil
}

// endWrite ends a write. The goroutine that has written calls it. It closes the writing direction
// if CloseWrite was called during the write, so that this does not wait for the loop.
func (s *stream) endWrite() {
	s.mu.Lock()
	closeWrite := s.writeBusy && s.closeWritePending
	s.writeBusy = false
	s.mu.Unlock()
	if closeWrite {
		s.file.(writeCloser).CloseWrite()
	}
	s.releaseUse()
}

type writeCloser interface{ CloseWrite() error }

// CloseWrite closes the writing direction, after the write in progress.
func (s *stream) CloseWrite() error {
	c, ok := s.file.(writeCloser)
	if !ok {
		return errors.ErrUnsupported
	}
	s.mu.Lock()
	s.closeWritePending = true
	busy := s.writeBusy
	s.mu.Unlock()
	if busy {
		return nil
	}
	return unwrapOpError(c.CloseWrite())
}

// Close closes the connection. A write in progress has closeTimeout to end.
func (s *stream) Close() error {
	err := s.closeOnce()
	if err != net.ErrClosed {
		delete(s.net.open, s)
	}
	return err
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }
