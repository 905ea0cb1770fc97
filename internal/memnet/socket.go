package memnet

import (
	"errors"
	"net"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A socket is what connections, listeners and sockets for datagrams have in common:
// there is news, now or at some time, and a watcher to tell.
type socket struct {
	port *port
	self interface {
		settle(now int64) // takes in what has arrived by now; with the lock
		due() int64       // when the next thing arrives, or never; with the lock
		Close() error
	}

	// Guarded by the network's mutex.
	watcher            netport.Watcher
	readable, writable bool // what the watcher is to be told
	queued             bool // it stands in port.news
	closed             bool
	index              int // in port.open

	// Owned by the loop.
	alarm   *engine.Handle
	alarmAt int64 // by the network's clock
	over    bool  // closed
}

// opened enters s among the loop's sockets. With the lock.
func (s *socket) opened() {
	s.index = len(s.port.open)
	s.port.open = append(s.port.open, s)
}

// shutdown marks s as closed and reports whether it was not before. On the loop, with
// the lock.
func (s *socket) shutdown() bool {
	if s.closed {
		return false
	}
	s.closed, s.over, s.watcher = true, true, nil
	open := s.port.open
	last := open[len(open)-1]
	open[s.index], last.index = last, s.index
	open[len(open)-1] = nil
	s.port.open = open[:len(open)-1]
	if s.alarm != nil {
		s.alarm.Cancel()
		s.alarm = nil
	}
	return true
}

// Watch has w told. As epoll does, it is told at once of what there is already.
func (s *socket) Watch(w netport.Watcher) {
	n := s.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	s.watcher = w
	s.readable, s.writable = true, true
	s.port.soon(s)
}

// expect has the socket look at what has arrived at the given time. With the lock.
func (s *socket) expect(at int64) {
	switch {
	case at == never || s.closed:
	case at <= s.port.net.now():
		s.port.soon(s)
	case s.port.loop.Here():
		s.arm(at)
	default:
		s.port.loop.Do(func() { s.arm(at) })
	}
}

// arm sets the alarm, unless it rings before. On the loop.
func (s *socket) arm(at int64) {
	if s.over || s.alarm != nil && s.alarmAt <= at {
		return
	}
	if s.alarm != nil {
		s.alarm.Cancel()
	}
	wait := at - s.port.net.now() // read first, so that it does not ring too early
	s.alarmAt = at
	s.alarm = s.port.loop.CallAt(s.port.loop.Elapsed()+max(wait, 0), s.ring)
}

func (s *socket) ring() {
	s.alarm = nil
	s.tell()
}

// tell tells the watcher what is new. On the loop, in a callback, without the lock.
func (s *socket) tell() {
	n := s.port.net
	n.mu.Lock()
	s.queued = false
	if s.closed {
		n.mu.Unlock()
		return
	}
	s.self.settle(n.now())
	watcher, readable, writable := s.watcher, s.readable, s.writable
	s.readable, s.writable = false, false
	at := s.self.due()
	n.mu.Unlock()
	if at != never {
		s.arm(at)
	}
	if watcher != nil && (readable || writable) {
		watcher.Ready(readable, writable)
	}
}

// Control is refused: there is no descriptor.
func (s *socket) Control(func(fd uintptr)) error {
	n := s.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	return errors.ErrUnsupported
}
