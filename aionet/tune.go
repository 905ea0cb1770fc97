package aionet

import (
	"errors"
	"net"
	"time"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// tune changes a socket option. It may be called from any goroutine.
func (e *endpoint) tune(set func(netport.Tuner) error) error {
	if e.closed.Load() {
		return e.opError("set", net.ErrClosed)
	}
	t, ok := e.socket.(netport.Tuner)
	if !ok {
		return e.opError("set", errors.ErrUnsupported)
	}
	return e.opError("set", set(t))
}

// SetReadBuffer sets the size, in bytes, of the system's receive buffer. It may be called from
// any goroutine and does not wait. A pipe and a terminal return errors.ErrUnsupported. The
// networks of asynciotest ignore it.
func (e *endpoint) SetReadBuffer(bytes int) error {
	return e.tune(func(t netport.Tuner) error { return t.SetReadBuffer(bytes) })
}

// SetWriteBuffer sets the size, in bytes, of the system's send buffer, like SetReadBuffer.
func (e *endpoint) SetWriteBuffer(bytes int) error {
	return e.tune(func(t netport.Tuner) error { return t.SetWriteBuffer(bytes) })
}

// SetNoDelay sets whether written data is sent at once (true, the default) or gathered into
// fewer packets (false: Nagle's algorithm). It may be called from any goroutine and does not
// wait. If the connection is not TCP, it returns errors.ErrUnsupported.
func (c *Conn) SetNoDelay(noDelay bool) error {
	return c.tune(func(t netport.Tuner) error { return t.SetNoDelay(noDelay) })
}

// SetKeepAlive sets whether the system probes an idle peer. By default it does, every 15 s. It
// is a TCP option, like SetNoDelay.
func (c *Conn) SetKeepAlive(keepAlive bool) error {
	return c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: keepAlive, Idle: -1, Interval: -1, Count: -1})
}

// SetKeepAlivePeriod sets how long a peer may be idle before it is probed, and turns probing
// on. Fractions of a second are rounded up. It is a TCP option, like SetNoDelay.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	return c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: max(d, 0), Interval: -1, Count: -1})
}

// SetKeepAliveConfig sets when and how often the system probes an idle peer. A negative field
// leaves the value unchanged; 0 stands for package net's default. It is a TCP option, like
// SetNoDelay.
func (c *Conn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return c.tune(func(t netport.Tuner) error { return t.SetKeepAlive(config) })
}

// SetLinger sets what happens to unsent data when the connection is closed:
//
//   - sec < 0 (the default): the system sends it.
//   - sec = 0: it is discarded and the peer's connection is reset.
//   - sec > 0: it is discarded after sec seconds. Close does not wait for that.
//
// It is a TCP option, like SetNoDelay.
func (c *Conn) SetLinger(sec int) error {
	return c.tune(func(t netport.Tuner) error {
		err := t.SetLinger(sec)
		if err == nil {
			c.resetOnClose.Store(sec == 0)
		}
		return err
	})
}
