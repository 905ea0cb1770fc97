package portable

import (
	"errors"
	"net"
)

// The socket options are those of package net. If the socket does not have an option, the error is
// errors.ErrUnsupported.

func (s *socket) SetNoDelay(on bool) error {
	if c, ok := s.conn.(interface{ SetNoDelay(bool) error }); ok {
		return unwrapOpError(c.SetNoDelay(on))
	}
	return errors.ErrUnsupported
}

func (s *socket) SetKeepAlive(config net.KeepAliveConfig) error {
	if c, ok := s.conn.(interface {
		SetKeepAliveConfig(net.KeepAliveConfig) error
	}); ok {
		return unwrapOpError(c.SetKeepAliveConfig(config))
	}
	return errors.ErrUnsupported
}

func (s *socket) SetLinger(seconds int) error {
	if c, ok := s.conn.(interface{ SetLinger(int) error }); ok {
		return unwrapOpError(c.SetLinger(seconds))
	}
	return errors.ErrUnsupported
}

func (s *socket) SetReadBuffer(bytes int) error {
	if c, ok := s.conn.(interface{ SetReadBuffer(int) error }); ok {
		return unwrapOpError(c.SetReadBuffer(bytes))
	}
	return errors.ErrUnsupported
}

func (s *socket) SetWriteBuffer(bytes int) error {
	if c, ok := s.conn.(interface{ SetWriteBuffer(int) error }); ok {
		return unwrapOpError(c.SetWriteBuffer(bytes))
	}
	return errors.ErrUnsupported
}

func (s *socket) CloseRead() error {
	if c, ok := s.conn.(interface{ CloseRead() error }); ok {
		return unwrapOpError(c.CloseRead())
	}
	return errors.ErrUnsupported
}
