package aionet

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A dealer accepts in a goroutine for several loops. A loop asks for one connection at a
// time, and they are served in the order of asking: one that is busy asks less often.
// At the end it accepts whoever waits in the system's queue, for the loops to share.
type dealer struct {
	from   net.Listener
	asking chan *hand // with room for all: each is in it once at most
	hands  int        // made; the loops make theirs one after the other
	halt   func()     // has it end; from any goroutine
	halted chan struct{}
	over   chan struct{} // closed when it has
	rest   []net.Conn    // who waited; to be read after that
}

func newDealer(from net.Listener, loops int) *dealer {
	d := &dealer{from: from, asking: make(chan *hand, loops), halted: make(chan struct{}), over: make(chan struct{})}
	d.halt = sync.OnceFunc(func() {
		d.limit(time.Unix(1, 0)) // an Accept that waits fails
		close(d.halted)
	})
	return d
}

// limit sets the deadline of Accept.
func (d *dealer) limit(at time.Time) {
	if from, ok := d.from.(interface{ SetDeadline(time.Time) error }); ok {
		from.SetDeadline(at)
	}
}

// run ends soon after halt.
func (d *dealer) run() {
	defer close(d.over)
	defer d.from.Close()
	for d.deal() {
	}
	for len(d.rest) < mostTaken {
		if waits, known := netmake.Waits(d.from); known && !waits {
			return
		}
		d.limit(time.Now().Add(lastLook))
		c, err := d.from.Accept()
		if err != nil {
			return
		}
		d.rest = append(d.rest, c)
	}
}

// lastLook bounds an Accept for which somebody should wait.
const lastLook = 50 * time.Millisecond

// deal accepts a connection for who asks. It reports whether to go on.
func (d *dealer) deal() bool {
	select {
	case <-d.halted:
		return false
	case h := <-d.asking:
		c, err := d.from.Accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			<-d.halted
			return false
		}
		h.give(c, err)
		return true
	}
}

// end stops accepting, and waits until that is so. Nothing may ask any more.
func (d *dealer) end() {
	d.halt()
	<-d.over
	for _, c := range d.rest { // of loops that have failed
		if c != nil {
			c.Close()
		}
	}
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
	h := &hand{from: d, number: d.hands, loop: caller.L, adopter: adopter}
	d.hands++
	l := &Listener{loop: caller.L, port: h, network: network, opts: o}
	h.Watch((*acceptor)(l))
	caller.L.AtClose(func() { h.Close() })
	return l, nil
}

// A hand is the listener of one loop, to which connections are dealt.
type hand struct {
	from    *dealer
	number  int
	loop    *engine.Loop
	adopter netport.ConnAdopter
	watcher netport.Watcher

	mu     sync.Mutex // guards what follows
	asked  bool
	closed bool
	conn   net.Conn // what was dealt, or
	err    error
}

func (h *hand) Accept() (netport.Stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
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

// give is called by the dealer.
func (h *hand) give(c net.Conn, err error) {
	h.mu.Lock()
	h.asked = false
	closed := h.closed
	if !closed {
		h.conn, h.err = c, err
	}
	h.mu.Unlock()
	switch {
	case !closed:
		h.loop.Do(func() { h.watcher.Ready(true, false) })
	case c != nil:
		c.Close()
	}
}

// Drain takes the loop's share of those that waited at the end.
func (h *hand) Drain(most int) (taken []netport.Stream) {
	select {
	case <-h.from.over:
	default:
		return nil
	}
	rest := h.from.rest
	for i := h.number; i < len(rest) && len(taken) < most; i += cap(h.from.asking) {
		c := rest[i]
		rest[i] = nil
		if s, err := h.adopter.AdoptConn(c); err == nil {
			taken = append(taken, s)
		}
	}
	return taken
}

func (h *hand) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.conn != nil {
		h.conn.Close()
		h.conn = nil
	}
	return nil
}

func (h *hand) Watch(w netport.Watcher) { h.watcher = w }

func (h *hand) Addr() net.Addr { return h.from.from.Addr() }
