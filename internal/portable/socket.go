package portable

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio/internal/netport"
	"github.com/asyncio-go/asyncio/internal/openfile"
)

// A socket is a net.Conn, a net.PacketConn or an *os.File, with a count of its users. Package net's
// Close blocks while the descriptor is in use, which a loop must not. So Close marks the socket as
// closed and the last user closes the descriptor.
type socket struct {
	net  *network
	conn interface {
		io.Closer
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	}
	watcher   netport.Watcher
	mode      *openfile.Mode // restored at close; nil: the mode of the file is unchanged
	prompting [2]bool        // Prompt waits for writing, for reading; owned by the loop

	mu     sync.Mutex // guards the fields below
	closed bool
	users  int // running calls of Control and the write in progress; after Close the last one closes the descriptor
}

func (s *socket) Watch(w netport.Watcher) { s.watcher = w }

func (s *socket) notify(readable, writable bool) {
	if s.watcher != nil {
		s.watcher.Ready(readable, writable)
	}
}

// acquire keeps the descriptor open until releaseUse is called. It returns net.ErrClosed after Close.
func (s *socket) acquire() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.users++
	return nil
}

func (s *socket) releaseUse() {
	s.mu.Lock()
	s.users--
	last := s.closed && s.users == 0
	s.mu.Unlock()
	if last {
		s.release()
	}
}

// closeOnce closes the socket. If it is in use, closeOnce interrupts a read, and bounds a write by
// closeTimeout; the last user then closes the descriptor. A second call returns net.ErrClosed.
func (s *socket) closeOnce() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return net.ErrClosed
	}
	s.closed = true
	if s.users > 0 {
		defer s.mu.Unlock()
		s.conn.SetReadDeadline(time.Now())
		s.conn.SetWriteDeadline(time.Now().Add(closeTimeout))
		return nil
	}
	s.mu.Unlock()
	return s.release()
}

// release restores the mode of the file and closes the descriptor.
func (s *socket) release() error {
	s.mode.Restore()
	return unwrapOpError(s.conn.Close())
}

func (s *socket) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Control calls fn with the descriptor. fn may block, and may close the connection. Without a
// descriptor Control returns errors.ErrUnsupported.
func (s *socket) Control(fn func(fd uintptr)) error {
	if err := s.acquire(); err != nil {
		return err
	}
	defer s.releaseUse()
	raw, err := s.raw()
	if err != nil {
		return err
	}
	return unwrapOpError(raw.Control(fn))
}

func (s *socket) raw() (syscall.RawConn, error) {
	c, ok := s.conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	raw, err := c.SyscallConn()
	return raw, unwrapOpError(err)
}

// Prompt notifies the watcher when the descriptor is ready.
func (s *socket) Prompt(read bool) {
	i := 0
	if read {
		i = 1
	}
	if s.prompting[i] {
		return
	}
	s.prompting[i] = true
	s.net.do(func() { s.awaitReady(read) }, func() {
		s.prompting[i] = false
		s.notify(read, !read)
	})
}

// awaitReady blocks until the descriptor is ready.
func (s *socket) awaitReady(read bool) {
	raw, err := s.raw()
	if err == nil && read {
		err = raw.Read(pollOnce(read))
	} else if err == nil {
		err = raw.Write(pollOnce(read))
	}
	if err != nil && !s.isClosed() { // not supported: the operation is retried after a pause
		time.Sleep(retryPause)
	}
}

// retryPause is the time between two attempts where the system does not report readiness.
const retryPause = time.Millisecond

// unwrapOpError returns the error within a *net.OpError, or err. Package aionet wraps it again.
func unwrapOpError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
