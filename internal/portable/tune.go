package portable

import (
	"errors"
	"net"
)

// The settings are package net's, as far as the kind of socket has them.

func (s *socket) SetNoDelay(on bool) error {
	if c, ok := s.of.(interface{ SetNoDelay(bool) error }); ok {
		return plain(c.SetNoDelay(on))
	}
	return errors.ErrUnsupported
}

func (s *socket) SetKeepAlive(config net.KeepAliveConfig) error {
	if c, ok := s.of.(interface {
		SetKeepAliveConfig(net.KeepAliveConfig) error
	}); ok {
		return plain(c.SetKeepAliveConfig(config))
	}
	return errors.ErrUnsupported
}

func (s *socket) SetLinger(seconds int) error {
	if c, ok := s.of.(interface{ SetLinger(int) error }); ok {
		return plain(c.SetLinger(seconds))
	}
	return errors.ErrUnsupported
}

func (s *socket) SetReadBuffer(bytes int) error {
	if c, ok := s.of.(interface{ SetReadBuffer(int) error }); ok {
		return plain(c.SetReadBuffer(bytes))
	}
	return errors.ErrUnsupported
}

func (s *socket) SetWriteBuffer(bytes int) error {
	if c, ok := s.of.(interface{ SetWriteBuffer(int) error }); ok {
		return plain(c.SetWriteBuffer(bytes))
	}
	return errors.ErrUnsupported
}

func (s *socket) CloseRead() error {
	if c, ok := s.of.(interface{ CloseRead() error }); ok {
		return plain(c.CloseRead())
	}
	return errors.ErrUnsupported
}
