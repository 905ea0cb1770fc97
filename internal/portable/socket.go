package portable

import (
	"errors"
	"net"
	"syscall"
)

// socket is what can be set on a net.Conn, a net.PacketConn or an *os.File, as far as
// it has it. From any goroutine.
type socket struct{ of any }

// Control calls fn with the descriptor, if there is one.
func (s socket) Control(fn func(fd uintptr)) error {
	raw, err := s.raw()
	if err != nil {
		return err
	}
	return plain(raw.Control(fn))
}

func (s socket) raw() (syscall.RawConn, error) {
	c, ok := s.of.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	raw, err := c.SyscallConn()
	return raw, plain(err)
}

// await waits until the descriptor is ready.
func (s socket) await(read bool) {
	raw, err := s.raw()
	if err != nil {
		return
	}
	looked := false
	again := func(uintptr) bool { // package net waits between two calls
		defer func() { looked = true }()
		return looked
	}
	if read {
		raw.Read(again)
	} else {
		raw.Write(again)
	}
}

func (s socket) SetNoDelay(on bool) error {
	if c, ok := s.of.(interface{ SetNoDelay(bool) error }); ok {
		return plain(c.SetNoDelay(on))
	}
	return errors.ErrUnsupported
}

func (s socket) SetKeepAlive(config net.KeepAliveConfig) error {
	if c, ok := s.of.(interface {
		SetKeepAliveConfig(net.KeepAliveConfig) error
	}); ok {
		return plain(c.SetKeepAliveConfig(config))
	}
	return errors.ErrUnsupported
}

func (s socket) SetLinger(seconds int) error {
	if c, ok := s.of.(interface{ SetLinger(int) error }); ok {
		return plain(c.SetLinger(seconds))
	}
	return errors.ErrUnsupported
}

func (s socket) SetReadBuffer(bytes int) error {
	if c, ok := s.of.(interface{ SetReadBuffer(int) error }); ok {
		return plain(c.SetReadBuffer(bytes))
	}
	return errors.ErrUnsupported
}

func (s socket) SetWriteBuffer(bytes int) error {
	if c, ok := s.of.(interface{ SetWriteBuffer(int) error }); ok {
		return plain(c.SetWriteBuffer(bytes))
	}
	return errors.ErrUnsupported
}

func (s socket) CloseRead() error {
	if c, ok := s.of.(interface{ CloseRead() error }); ok {
		return plain(c.CloseRead())
	}
	return errors.ErrUnsupported
}

// plain takes package net's description off an error: package aionet puts its own.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
