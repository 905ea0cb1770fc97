package memnet

import (
	"errors"
	"net"
)

// The socket options. Connections of TCP accept all of them and other sockets only the buffer
// sizes. Except for SetLinger they have no effect.

// checkOption returns an error if the socket is closed or the option is not allowed.
func (s *socket) checkOption(allowed bool) error {
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

func (s *socket) SetReadBuffer(int) error  { return s.checkOption(true) }
func (s *socket) SetWriteBuffer(int) error { return s.checkOption(true) }

func (e *conn) SetNoDelay(bool) error                   { return e.checkOption(!e.kind.local()) }
func (e *conn) SetKeepAlive(net.KeepAliveConfig) error  { return e.checkOption(!e.kind.local()) }
func (*packets) SetNoDelay(bool) error                  { return errors.ErrUnsupported }
func (*packets) SetKeepAlive(net.KeepAliveConfig) error { return errors.ErrUnsupported }
func (*packets) SetLinger(int) error                    { return errors.ErrUnsupported }

// SetLinger(0) makes Close reset the connection.
func (e *conn) SetLinger(seconds int) error {
	if err := e.checkOption(!e.kind.local()); err != nil {
		return err
	}
	n := e.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	e.resetOnClose = seconds == 0
	return nil
}
