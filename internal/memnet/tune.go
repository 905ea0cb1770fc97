package memnet

import (
	"errors"
	"net"
)

// The settings of a socket. Those of TCP are accepted by what stands for TCP, and those
// of buffers by everything, and change nothing, but for SetLinger: the network's own
// options say what it is like.

// setting admits a setting, of TCP alone or of every socket.
func (s *socket) setting(allowed bool) error {
	n := s.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case s.closed:
		return net.ErrClosed
	case !allowed:
		return errors.ErrUnsupported
	}
	return nil
}

func (s *socket) SetReadBuffer(int) error  { return s.setting(true) }
func (s *socket) SetWriteBuffer(int) error { return s.setting(true) }

func (e *end) SetNoDelay(bool) error                    { return e.setting(!e.kind.local()) }
func (e *end) SetKeepAlive(net.KeepAliveConfig) error   { return e.setting(!e.kind.local()) }
func (*packets) SetNoDelay(bool) error                  { return errors.ErrUnsupported }
func (*packets) SetKeepAlive(net.KeepAliveConfig) error { return errors.ErrUnsupported }
func (*packets) SetLinger(int) error                    { return errors.ErrUnsupported }

// SetLinger with 0 has Close reset the connection.
func (e *end) SetLinger(seconds int) error {
	if err := e.setting(!e.kind.local()); err != nil {
		return err
	}
	n := e.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	e.abrupt = seconds == 0
	return nil
}
