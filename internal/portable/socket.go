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

// socket is a net.Conn, a net.PacketConn or an *os.File, with who uses it. Package
// net's Close waits for whoever uses the descriptor, which a loop cannot: the last of
// them closes it instead.
type socket struct {
	net *network
	of  interface {
		io.Closer
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	}
	watcher   netport.Watcher
	mode      *openfile.Mode // restored at close; nil: the mode of the file is unchanged
	prompting [2]bool        // for writing, for reading; owned by the loop

	mu     sync.Mutex // guards the two below
	closed bool
	users  int // calls of Control, and a write, under way: the last one closes, if Close came meanwhile
}

func (s *socket) Watch(w netport.Watcher) { s.watcher = w }

func (s *socket) tell(readable, writable bool) {
	if s.watcher != nil {
		s.watcher.Ready(readable, writable)
	}
}

// enter keeps the socket from being closed until leave is called.
func (s *socket) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.users++
	return nil
}

func (s *socket) leave() {
	s.mu.Lock()
	s.users--
	last := s.closed && s.users == 0
	s.mu.Unlock()
	if last {
		s.release()
	}
}

// shut closes the socket; while somebody uses it, it ends what waits and gives what is
// being written drainTime.
func (s *socket) shut() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return net.ErrClosed
	}
	s.closed = true
	if s.users > 0 {
		defer s.mu.Unlock()
		s.of.SetReadDeadline(time.Now())
		s.of.SetWriteDeadline(time.Now().Add(drainTime))
		return nil
	}
	s.mu.Unlock()
	return s.release()
}

// release restores the mode of the file and closes the descriptor.
func (s *socket) release() error {
	s.mode.Restore()
	return plain(s.of.Close())
}

func (s *socket) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Control calls fn with the descriptor, if there is one. fn may block, and may close
// the connection.
func (s *socket) Control(fn func(fd uintptr)) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	raw, err := s.raw()
	if err != nil {
		return err
	}
	return plain(raw.Control(fn))
}

func (s *socket) raw() (syscall.RawConn, error) {
	c, ok := s.of.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	raw, err := c.SyscallConn()
	return raw, plain(err)
}

// Prompt has the watcher told when the descriptor is ready.
func (s *socket) Prompt(read bool) {
	i := 0
	if read {
		i = 1
	}
	if s.prompting[i] {
		return
	}
	s.prompting[i] = true
	s.net.do(func() { s.await(read) }, func() {
		s.prompting[i] = false
		s.tell(read, !read)
	})
}

// await waits until the descriptor is ready. Package net looks first and waits then:
// what happens in between counts.
func (s *socket) await(read bool) {
	raw, err := s.raw()
	if err == nil && read {
		err = raw.Read(lookOut(read))
	} else if err == nil {
		err = raw.Write(lookOut(read))
	}
	if err != nil && !s.isClosed() { // not to be had here: it is tried again and again
		time.Sleep(pause)
	}
}

// pause is how long who cannot be told when a socket is ready waits before it looks.
const pause = time.Millisecond

// plain takes package net's description off an error: package aionet puts its own.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
