//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"errors"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

func (d *descriptor) set(level, name, value int) error {
	return d.call("setsockopt", func(fd int) error { return unix.SetsockoptInt(fd, level, name, value) })
}

// SetReadBuffer sets the size of the receive buffer.
func (d *descriptor) SetReadBuffer(bytes int) error {
	return d.set(unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
}

func (d *descriptor) SetWriteBuffer(bytes int) error {
	return d.set(unix.SOL_SOCKET, unix.SO_SNDBUF, bytes)
}

// The options of TCP. Only a stream has them.
func (d *descriptor) SetNoDelay(bool) error                  { return errors.ErrUnsupported }
func (d *descriptor) SetKeepAlive(net.KeepAliveConfig) error { return errors.ErrUnsupported }
func (d *descriptor) SetLinger(int) error                    { return errors.ErrUnsupported }

func (s *stream) SetReadBuffer(bytes int) error {
	if s.kind == file {
		return errors.ErrUnsupported
	}
	return s.descriptor.SetReadBuffer(bytes)
}

func (s *stream) SetWriteBuffer(bytes int) error {
	if s.kind == file {
		return errors.ErrUnsupported
	}
	return s.descriptor.SetWriteBuffer(bytes)
}

func (s *stream) SetNoDelay(on bool) error {
	if s.kind != tcp {
		return errors.ErrUnsupported
	}
	return s.set(unix.IPPROTO_TCP, unix.TCP_NODELAY, boolInt(on))
}

func (s *stream) SetLinger(seconds int) error {
	if s.kind != tcp {
		return errors.ErrUnsupported
	}
	l := unix.Linger{Onoff: 1, Linger: int32(seconds)}
	if seconds < 0 {
		l = unix.Linger{}
	}
	return s.call("setsockopt", func(fd int) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &l)
		if err == nil {
			s.lingers = seconds > 0
		}
		return err
	})
}

// SetKeepAlive sets the fields that are not negative. 0 stands for package net's default.
func (s *stream) SetKeepAlive(c net.KeepAliveConfig) error {
	if s.kind != tcp {
		return errors.ErrUnsupported
	}
	if err := s.set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, boolInt(c.Enable)); err != nil {
		return err
	}
	if !c.Enable {
		return nil
	}
	for _, o := range []struct{ name, value int }{
		{keepIdle, seconds(c.Idle)},
		{keepInterval, seconds(c.Interval)},
		{keepCount, orDefault(c.Count, keepAliveCount)},
	} {
		if o.value < 0 {
			continue
		}
		if o.name < 0 {
			return errors.ErrUnsupported
		}
		if err := s.set(unix.IPPROTO_TCP, o.name, o.value); err != nil {
			return err
		}
	}
	return nil
}

// keepAliveCount is the number of unanswered probes after which the connection fails.
const keepAliveCount = 9

// seconds rounds up: a probe may be later than requested but not earlier.
func seconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return orDefault(int((d+time.Second-1)/time.Second), keepAlive)
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

func boolInt(on bool) int {
	if on {
		return 1
	}
	return 0
}
