package aionet

import (
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

const (
	defaultLinger      = 500 * time.Millisecond
	defaultLingerBytes = 256 << 10
)

// Linger bounds the lingering close of Serve. If a handler returns before the peer has closed
// its direction, Serve does the following:
//
//   - It closes its own direction, so the peer reads EOF.
//   - It reads and discards the peer's data, up to the given number of bytes.
//   - It closes the connection when the peer closes its direction, or after d.
//
// Without this a system resets a connection that is closed with unread data, and the peer may
// lose the end of the handler's answer.
//
// The default is 500 ms and 256 KiB. With Linger(0, 0) Serve closes a connection at once. A
// lingering connection does not count towards MaxConns. Serve and Shutdown wait for it. It is
// closed when descriptors run out or the ctx of Shutdown ends. A connection does not linger
// after the handler has closed it, called SetLinger(0), panicked, or was cancelled. Connections
// of the network "unixpacket" and those of protocols do not linger.
//
// Linger panics if d or bytes is negative.
func Linger(d time.Duration, bytes int) ListenOption {
	if d < 0 || bytes < 0 {
		panic(fmt.Sprintf("aionet: Linger(%v, %d): d and bytes must be at least 0", d, bytes))
	}
	return Option(func(o *options) { o.linger, o.lingerBytes = d, bytes })
}

// A lingering is a connection in a lingering close: its handler has returned. It is owned by
// the loop.
type lingering struct {
	server *server
	loop   *engine.Loop
	stream netport.Stream
	index  int // in server.lingers
	left   int // bytes to discard
	queued bool
	closed bool
	timer  *engine.Handle
}

// linger closes the connection of a handler that has returned, or begins its lingering close.
func (l *Listener) linger(c *Conn) {
	if l.opts.linger == 0 || l.server.forced || l.network == "unixpacket" || c.resetOnClose.Load() {
		c.Close()
		return
	}
	if !c.closed.CompareAndSwap(false, true) {
		return
	}
	c.wakeAll() // waiting calls return net.ErrClosed
	g := &lingering{server: &l.server, loop: l.loop, stream: c.stream, left: l.opts.lingerBytes}
	if !g.discard() || c.stream.CloseWrite() != nil {
		c.stream.Close()
		return
	}
	g.index = len(l.server.lingers)
	l.server.lingers = append(l.server.lingers, g)
	g.timer = l.loop.CallAt(l.loop.After(l.opts.linger), func() { g.timer = nil; g.close() })
	c.stream.Watch(g)
}

// Ready schedules a callback that reads. It does not read itself, because the network calls it.
func (g *lingering) Ready(bool, bool) {
	if !g.queued && !g.closed {
		g.queued = true
		g.loop.Soon(g.run)
	}
}

func (g *lingering) run() {
	g.queued = false
	if !g.closed && !g.discard() {
		g.close()
	}
}

// discard reads the received bytes, up to the limit. It reports whether the connection still
// lingers: the peer may send more, and no read has failed.
func (g *lingering) discard() bool {
	pool := bufferPoolOf(g.loop)
	buf := pool.get()
	defer pool.put(buf)
	for g.left > 0 {
		n, err := g.stream.Read(buf[:min(len(buf), g.left)])
		if err != nil {
			return err == netport.ErrAgain
		}
		g.left -= n
	}
	return true
}

// close closes the connection and removes it from the server's list. A second call does nothing.
func (g *lingering) close() {
	if g.closed {
		return
	}
	g.closed = true
	if g.timer != nil {
		g.timer.Cancel()
	}
	s := g.server
	last := s.lingers[len(s.lingers)-1]
	s.lingers[g.index], last.index = last, g.index
	s.lingers[len(s.lingers)-1] = nil
	s.lingers = s.lingers[:len(s.lingers)-1]
	g.stream.Close()
	s.changed.WakeAll()
}

// endLingers closes all lingering connections, and reports whether there were any.
func (s *server) endLingers() bool {
	had := len(s.lingers) > 0
	for len(s.lingers) > 0 {
		s.lingers[len(s.lingers)-1].close()
	}
	return had
}
