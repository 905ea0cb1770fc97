package aionet

import (
	"errors"
	"net"
	"time"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// The settings of a socket, as *net.TCPConn has them.

// tune changes a setting, from any goroutine.
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

// SetReadBuffer sets the size, in bytes, of the system's buffer for what has come and
// was not read. It may be called from any goroutine and does not wait. A pipe and a
// terminal return errors.ErrUnsupported; a network in memory keeps its own size.
func (e *endpoint) SetReadBuffer(bytes int) error {
	return e.tune(func(t netport.Tuner) error { return t.SetReadBuffer(bytes) })
}

// SetWriteBuffer sets the size of the system's buffer for what was written and has not
// been sent, like SetReadBuffer.
func (e *endpoint) SetWriteBuffer(bytes int) error {
	return e.tune(func(t netport.Tuner) error { return t.SetWriteBuffer(bytes) })
}

// SetNoDelay tells whether what is written is to be sent at once (true, which is how
// connections begin) or gathered into fewer packets (Nagle's algorithm). Like every
// setting of TCP, it may be called from any goroutine, does not wait, and returns
// errors.ErrUnsupported for a connection that is not TCP.
func (c *Conn) SetNoDelay(noDelay bool) error {
	return c.tune(func(t netport.Tuner) error { return t.SetNoDelay(noDelay) })
}

// SetKeepAlive tells whether the system probes a silent peer, which it does every 15 s
// when a connection begins. A setting of TCP, like SetNoDelay.
func (c *Conn) SetKeepAlive(keepAlive bool) error {
	return c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: keepAlive, Idle: -1, Interval: -1, Count: -1})
}

// SetKeepAlivePeriod sets how long a peer may be silent before it is probed, and turns
// probing on. Fractions of a second are rounded up. A setting of TCP, like SetNoDelay.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	return c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: max(d, 0), Interval: -1, Count: -1})
}

// SetKeepAliveConfig sets when and how often the system probes a silent peer. A field
// that is negative leaves things as they are; 0 stands for package net's default. A
// setting of TCP, like SetNoDelay.
func (c *Conn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return c.tune(func(t netport.Tuner) error { return t.SetKeepAlive(config) })
}

// SetLinger tells what becomes of unsent data when the connection is closed: with
// sec < 0 the system goes on sending it, which is how connections begin; with 0 it is
// dropped and the peer sees a reset; with more it is dropped after as many seconds, for
// which Close does not wait.
// A setting of TCP, like SetNoDelay.
func (c *Conn) SetLinger(sec int) error {
	return c.tune(func(t netport.Tuner) error {
		err := t.SetLinger(sec)
		if err == nil {
			c.abrupt.Store(sec == 0)
		}
		return err
	})
}
