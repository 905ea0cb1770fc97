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

// Linger bounds the lingering close of Serve. When a handler has returned before the other
// side has ended its direction, Serve ends its own direction, and reads and discards what
// still comes until the other side ends, at most so many bytes, and closes the connection
// after d at the latest. Closed at once, with something unread, the connection would be
// reset, and the other side could lose the end of what the handler has written.
//
// Without the option d is 500 ms and bytes is 256 KiB. Linger(0, 0) has Serve close at
// once. A lingering connection does not count for MaxConns. Serve and Shutdown wait for it;
// when descriptors run out, or the ctx of Shutdown ends, it is closed. A connection that
// the handler has closed, a handler that panicked or was cancelled, SetLinger(0), the
// network "unixpacket" and protocols do not linger.
//
// It panics if d or bytes is negative.
func Linger(d time.Duration, bytes int) ListenOption {
	if d < 0 || bytes < 0 {
		panic(fmt.Sprintf("aionet: Linger(%v, %d): d and bytes must be at least 0", d, bytes))
	}
	return Option(func(o *options) { o.linger, o.lingerBytes = d, bytes })
}

// A lingering is a connection whose handler has returned. It belongs to the loop.
type lingering struct {
	server *server
	loop   *engine.Loop
	stream netport.Stream
	index  int // in server.lingers
	left   int // bytes to discard
	queued bool
	over   bool
	timer  *engine.Handle
}

// linger closes the connection of a handler that has returned, at once or in a while.
func (l *Listener) linger(c *Conn) {
	if l.opts.linger == 0 || l.server.forced || l.network == "unixpacket" || c.abrupt.Load() {
		c.Close()
		return
	}
	if !c.closed.CompareAndSwap(false, true) {
		return
	}
	(*watcher)(&c.endpoint).Ready(true, true) // calls that wait fail
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

// Ready has the rest read in a callback of its own: nothing runs inline.
func (g *lingering) Ready(bool, bool) {
	if !g.queued && !g.over {
		g.queued = true
		g.loop.Soon(g.run)
	}
}

func (g *lingering) run() {
	g.queued = false
	if !g.over && !g.discard() {
		g.close()
	}
}

// discard reads what has arrived, up to the limit of bytes, and reports whether the other
// side may still send.
func (g *lingering) discard() bool {
	pool := buffersOf(g.loop)
	buf := pool.take()
	defer pool.give(buf)
	for g.left > 0 {
		n, err := g.stream.Read(buf[:min(len(buf), g.left)])
		if err != nil {
			return err == netport.ErrAgain
		}
		g.left -= n
	}
	return true
}

// close ends it.
func (g *lingering) close() {
	if g.over {
		return
	}
	g.over = true
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

// endLingers closes all, and reports whether there were any.
func (s *server) endLingers() bool {
	had := len(s.lingers) > 0
	for len(s.lingers) > 0 {
		s.lingers[len(s.lingers)-1].close()
	}
	return had
}
