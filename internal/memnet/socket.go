package memnet

import (
	"errors"
	"net"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A socket is the common part of connections, listeners and datagram sockets. It notifies a
// watcher when something arrives.
type socket struct {
	port *port
	self interface {
		advance(now int64)  // processes what has arrived by now; with the lock
		nextArrival() int64 // the next arrival time, or never; with the lock
		Close() error
	}

	// Guarded by the network's mutex.
	watcher            netport.Watcher
	readable, writable bool // what the watcher must be notified of
	notifying          bool // it is in port.pending
	closed             bool
	index              int // in port.open

	// Owned by the loop.
	timer        *engine.Handle
	timerAt      int64 // by the network's clock
	closedOnLoop bool  // the same as closed
}

// register adds s to the loop's sockets. It is called with the lock.
func (s *socket) register() {
	s.index = len(s.port.open)
	s.port.open = append(s.port.open, s)
}

// unregister marks s as closed and removes it from the loop's sockets. It returns false if s was
// already closed. It is called on the loop with the lock.
func (s *socket) unregister() bool {
	if s.closed {
		return false
	}
	s.closed, s.closedOnLoop, s.watcher = true, true, nil
	open := s.port.open
	last := open[len(open)-1]
	open[s.index], last.index = last, s.index
	open[len(open)-1] = nil
	s.port.open = open[:len(open)-1]
	if s.timer != nil {
		s.timer.Cancel()
		s.timer = nil
	}
	return true
}

// Watch sets the watcher. Like epoll it first reports both directions as ready.
func (s *socket) Watch(w netport.Watcher) {
	n := s.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	s.watcher = w
	s.readable, s.writable = true, true
	s.port.notifySoon(s)
}

// notifyAt schedules a notification of the watcher at the given time. It is called with the lock.
func (s *socket) notifyAt(at int64) {
	switch {
	case at == never || s.closed:
	case at <= s.port.net.now():
		s.port.notifySoon(s)
	case s.port.loop.Here():
		s.setTimer(at)
	default:
		s.port.loop.Do(func() { s.setTimer(at) })
	}
}

// setTimer sets the timer, unless it fires earlier. It is called on the loop.
func (s *socket) setTimer(at int64) {
	if s.closedOnLoop || s.timer != nil && s.timerAt <= at {
		return
	}
	if s.timer != nil {
		s.timer.Cancel()
	}
	wait := at - s.port.net.now() // before Elapsed, so that the timer does not fire too early
	s.timerAt = at
	s.timer = s.port.loop.CallAt(s.port.loop.Elapsed()+max(wait, 0), s.timerFired)
}

func (s *socket) timerFired() {
	s.timer = nil
	s.notify()
}

// notify calls the watcher if a direction is ready. It is called in a callback of the loop, without
// the lock.
func (s *socket) notify() {
	n := s.port.net
	n.mu.Lock()
	s.notifying = false
	if s.closed {
		n.mu.Unlock()
		return
	}
	s.self.advance(n.now())
	watcher, readable, writable := s.watcher, s.readable, s.writable
	s.readable, s.writable = false, false
	at := s.self.nextArrival()
	n.mu.Unlock()
	if at != never {
		s.setTimer(at)
	}
	if watcher != nil && (readable || writable) {
		watcher.Ready(readable, writable)
	}
}

// Control returns an error, because there is no descriptor.
func (s *socket) Control(func(fd uintptr)) error {
	n := s.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	return errors.ErrUnsupported
}
