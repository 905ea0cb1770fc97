package aionet

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A hand is the listener of one loop. A dealer gives it connections.
type hand struct {
	from    *dealer
	loop    *engine.Loop
	adopter netport.ConnAdopter
	watcher netport.Watcher

	mu     sync.Mutex // guards the fields below
	asked  bool
	closed bool
	conn   net.Conn // given and not accepted yet
	err    error    // given and not returned yet
}

// hand makes a hand of the calling task's loop.
func (d *dealer) hand(ctx context.Context, network string) (*hand, error) {
	caller, n, err := enterNetwork(ctx)
	if err != nil {
		return nil, err
	}
	adopter, ok := n.Network.(netport.ConnAdopter)
	if !ok {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: d.from.Addr(), Err: errors.ErrUnsupported}
	}
	d.hands++
	return &hand{from: d, loop: caller.L, adopter: adopter}, nil
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
		s, err := h.adopter.AdoptConn(h.conn)
		if err != nil { // such as EMFILE; Serve retries
			return nil, err
		}
		h.conn = nil
		return s, nil
	case !h.asked:
		h.asked = true
		h.from.asking <- h
	}
	return nil, netport.ErrAgain
}

// give hands a connection or an error to the loop, and reports whether the loop still listens.
// The dealer calls it.
func (h *hand) give(c net.Conn, err error) bool {
	h.mu.Lock()
	h.asked = false
	if h.closed {
		h.mu.Unlock()
		return false
	}
	h.conn, h.err = c, err
	h.mu.Unlock()
	h.loop.Do(func() { h.watcher.Ready(true, false) })
	return true
}

// Drain accepts the connection that the dealer has given, if any. The dealer itself serves
// the accept backlog.
func (h *hand) Drain(int) (taken []netport.Stream, err error) {
	h.mu.Lock()
	given := h.conn != nil
	h.mu.Unlock()
	if !given {
		return nil, nil
	}
	s, err := h.Accept()
	if err != nil {
		return nil, err
	}
	return []netport.Stream{s}, nil
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
