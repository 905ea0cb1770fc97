package aionet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/netmake"
)

// A dealer accepts in a goroutine for several loops. A loop asks for one connection at a
// time, and they are served in the order of asking: one that is busy asks less often.
// After halt it serves the accept backlog in the same way.
type dealer struct {
	from   netmake.Listening
	asking chan *hand // with room for all: each is in it once at most
	next   *hand      // received from asking and not served yet
	hands  int        // made; the loops make theirs one after the other

	halt    func() // stops accepting new connections; from any goroutine
	halted  chan struct{}
	abandon func() // stops serving the accept backlog; from any goroutine
	given   chan struct{}
	over    chan struct{} // closed when the goroutine has ended
	lost    error         // why connections of the backlog were reset; read it after over is closed
}

func newDealer(from netmake.Listening, loops int) *dealer {
	d := &dealer{
		from: from, asking: make(chan *hand, loops),
		halted: make(chan struct{}), given: make(chan struct{}), over: make(chan struct{}),
	}
	d.halt = sync.OnceFunc(func() {
		if from, ok := from.Listener.(interface{ SetDeadline(time.Time) error }); ok {
			from.SetDeadline(time.Unix(1, 0)) // interrupts a blocked Accept
		}
		close(d.halted)
	})
	d.abandon = sync.OnceFunc(func() {
		d.halt()
		close(d.given)
	})
	return d
}

// run returns after halt when the accept backlog is empty, or soon after abandon.
func (d *dealer) run() {
	defer close(d.over)
	defer d.from.Close()
	for d.deal() {
	}
	d.empty()
}

// deal accepts a connection for a loop that asks. It reports whether to call it again.
func (d *dealer) deal() bool {
	if !d.ask(d.halted) {
		return false
	}
	c, err := d.from.Accept()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		<-d.halted
		return false
	}
	if err != nil {
		d.give(nil, err)
		return true
	}
	return d.serve(c)
}

// serve gives a connection to the first loop that asks and still listens. It reports false
// if abandon is called first.
func (d *dealer) serve(c net.Conn) bool {
	for d.ask(d.given) {
		if d.give(c, nil) {
			return true
		}
	}
	c.Close()
	d.lost = errNoRoom
	return false
}

// ask blocks until a loop asks. It reports false if stop is closed first.
func (d *dealer) ask(stop <-chan struct{}) bool {
	if d.next != nil {
		return true
	}
	select {
	case <-stop:
		return false
	case d.next = <-d.asking:
		return true
	}
}

// give answers the loop that asks, and reports whether that loop still listens.
func (d *dealer) give(c net.Conn, err error) bool {
	h := d.next
	d.next = nil
	return h.give(c, err)
}

// lastLook bounds an Accept on systems that do not report whether the backlog is empty.
const lastLook = 50 * time.Millisecond

// empty gives the loops the connections in the accept backlog. When descriptors run out it
// retries until abandon is called.
func (d *dealer) empty() {
	backlog := d.from.Backlog()
	pause := firstPause
	for range mostTaken {
		asked := d.ask(d.given) // before Accept uses a descriptor
		c, err := backlog.Accept(lastLook)
		for ; err != nil; c, err = backlog.Accept(lastLook) {
			select {
			case <-d.given:
				d.lost = err
				return
			case <-time.After(pause):
				pause = min(2*pause, mostPause)
			}
		}
		switch {
		case c == nil:
			return
		case !asked:
			c.Close()
			d.lost = errNoRoom
			return
		case !d.serve(c):
			return
		}
		pause = firstPause
	}
}

var errNoRoom = errors.New("no loop was ready to accept them")

// end calls abandon and blocks until run has returned. No loop may ask after that.
func (d *dealer) end() {
	d.abandon()
	<-d.over
}

// lostError returns why connections in the accept backlog were reset, or nil. Call it after
// end.
func (d *dealer) lostError() error {
	if d.lost == nil {
		return nil
	}
	addr := d.from.Addr()
	return fmt.Errorf("aionet: connections in the accept backlog were reset: %w", &net.OpError{Op: "accept", Net: addr.Network(), Addr: addr, Err: unwrapOpError(d.lost)})
}

// unwrapOpError strips package net's description of an error.
func unwrapOpError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// listen makes a listener of the calling task's loop.
func (d *dealer) listen(ctx context.Context, network string, o options) (*Listener, error) {
	h, err := d.hand(ctx, network)
	if err != nil {
		return nil, err
	}
	l := newListener(h.loop, network, h, o)
	h.loop.AtClose(func() { h.Close() })
	return l, nil
}
