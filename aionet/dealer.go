package aionet

import (
	"context"
	"errors"
	"net"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A dealer accepts in a goroutine for several loops. A loop asks for one connection at a
// time, and they are served in the order of asking: one that is busy asks less often.
type dealer struct {
	from   net.Listener
	asking chan *hand // with room for all: each is in it once at most
	over   chan struct{}
}

func newDealer(from net.Listener, loops int) *dealer {
	return &dealer{from: from, asking: make(chan *hand, loops), over: make(chan struct{})}
}

// run ends when the listener is closed.
func (d *dealer) run() {
	defer close(d.over)
	for h := range d.asking {
		c, err := d.from.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if h.loop.Do(func() { h.take(c, err) }) != nil && c != nil { // the loop has ended
			c.Close()
		}
	}
}

// end stops accepting, and waits until that is so. Nothing may ask any more.
func (d *dealer) end() {
	d.from.Close()
	close(d.asking)
	<-d.over
}

// listen makes a listener of the calling task's loop.
func (d *dealer) listen(ctx context.Context, network string, o options) (*Listener, error) {
	caller, n, err := enterNetwork(ctx)
	if err != nil {
		return nil, err
	}
	adopter, ok := n.Network.(netport.ConnAdopter)
	if !ok {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: d.from.Addr(), Err: errors.ErrUnsupported}
	}
	h := &hand{from: d, loop: caller.L, adopter: adopter}
	l := &Listener{loop: caller.L, port: h, network: network, opts: o}
	h.Watch((*acceptor)(l))
	caller.L.AtClose(func() { h.Close() })
	return l, nil
}

// A hand is the listener of one loop, to which connections are dealt. Owned by the
// loop.
type hand struct {
	from    *dealer
	loop    *engine.Loop
	adopter netport.ConnAdopter
	watcher netport.Watcher

	asked  bool
	closed bool
	conn   net.Conn // what was dealt, or
	err    error
}

func (h *hand) Accept() (netport.Stream, error) {
	switch {
	case h.closed:
		return nil, net.ErrClosed
	case h.err != nil:
		err := h.err
		h.err = nil
		return nil, err
	case h.conn != nil:
		c := h.conn
		h.conn = nil
		return h.adopter.AdoptConn(c)
	case !h.asked:
		h.asked = true
		h.from.asking <- h
	}
	return nil, netport.ErrAgain
}

func (h *hand) take(c net.Conn, err error) {
	h.asked = false
	if h.closed {
		if c != nil {
			c.Close()
		}
		return
	}
	h.conn, h.err = c, err
	h.watcher.Ready(true, false)
}

func (h *hand) Close() error {
	h.closed = true
	if h.conn != nil {
		h.conn.Close()
		h.conn = nil
	}
	return nil
}

func (h *hand) Watch(w netport.Watcher) { h.watcher = w }

func (h *hand) Addr() net.Addr { return h.from.from.Addr() }
