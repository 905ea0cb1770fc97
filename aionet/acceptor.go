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

// An acceptor accepts connections for several loops, in its own goroutine. A loop requests
// one connection at a time, through its sharedListener. The requests are served in their order,
// so a busy loop gets fewer connections. After stop the acceptor serves the accept backlog in the
// same way.
type acceptor struct {
	socket   netmake.Listening
	requests chan *sharedListener // has room for all: each is in it at most once
	request  *sharedListener      // received and not answered yet

	stop      func() // stops accepting new connections; may be called from any goroutine
	stopped   chan struct{}
	abandon   func() // also stops serving the accept backlog; may be called from any goroutine
	abandoned chan struct{}
	done      chan struct{} // closed when run has returned
	failed    error         // why connections of the backlog were reset; valid after done is closed
}

func newAcceptor(socket netmake.Listening, loops int) *acceptor {
	a := &acceptor{
		socket: socket, requests: make(chan *sharedListener, loops),
		stopped: make(chan struct{}), abandoned: make(chan struct{}), done: make(chan struct{}),
	}
	a.stop = sync.OnceFunc(func() {
		if s, ok := socket.Listener.(interface{ SetDeadline(time.Time) error }); ok {
			s.SetDeadline(time.Unix(1, 0)) // interrupts a blocked Accept
		}
		close(a.stopped)
	})
	a.abandon = sync.OnceFunc(func() {
		a.stop()
		close(a.abandoned)
	})
	return a
}

// run accepts connections. It returns after stop when the accept backlog is empty, or soon after
// abandon.
func (a *acceptor) run() {
	defer close(a.done)
	defer a.socket.Close()
	for a.acceptOne() {
	}
	a.serveBacklog()
}

// acceptOne accepts a connection for a loop that has requested one. It returns false after stop.
func (a *acceptor) acceptOne() bool {
	if !a.awaitRequest(a.stopped) {
		return false
	}
	c, err := a.socket.Accept()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		<-a.stopped
		return false
	}
	if err != nil {
		a.answer(nil, err)
		return true
	}
	return a.deliver(c)
}

// deliver gives a connection to the first loop that has requested one and still listens. It
// closes the connection and returns false if abandon is called first.
func (a *acceptor) deliver(c net.Conn) bool {
	for a.awaitRequest(a.abandoned) {
		if a.answer(c, nil) {
			return true
		}
	}
	c.Close()
	a.failed = errNoRequest
	return false
}

// awaitRequest blocks until a loop requests a connection. It returns false if stop is closed
// first.
func (a *acceptor) awaitRequest(stop <-chan struct{}) bool {
	if a.request != nil {
		return true
	}
	select {
	case <-stop:
		return false
	case a.request = <-a.requests:
		return true
	}
}

// answer answers the current request. It reports whether the loop still listens.
func (a *acceptor) answer(c net.Conn, err error) bool {
	l := a.request
	a.request = nil
	return l.deliver(c, err)
}

// backlogTimeout bounds an Accept on systems that do not report whether the accept backlog is
// empty.
const backlogTimeout = 50 * time.Millisecond

// serveBacklog gives the connections in the accept backlog to the loops. When descriptors run
// out it retries until abandon is called.
func (a *acceptor) serveBacklog() {
	backlog := a.socket.Backlog()
	pause := minPause
	for range maxBacklog {
		requested := a.awaitRequest(a.abandoned) // before Accept uses a descriptor
		c, err := backlog.Accept(backlogTimeout)
		for ; err != nil; c, err = backlog.Accept(backlogTimeout) {
			select {
			case <-a.abandoned:
				a.failed = err
				return
			case <-time.After(pause):
				pause = min(2*pause, maxPause)
			}
		}
		switch {
		case c == nil:
			return
		case !requested:
			c.Close()
			a.failed = errNoRequest
			return
		case !a.deliver(c):
			return
		}
		pause = minPause
	}
}

var errNoRequest = errors.New("no loop was ready to accept them")

// end calls abandon and blocks until run has returned. No loop may request a connection after
// that.
func (a *acceptor) end() {
	a.abandon()
	<-a.done
}

// resetError returns why connections in the accept backlog were reset, or nil. It is called
// after end.
func (a *acceptor) resetError() error {
	if a.failed == nil {
		return nil
	}
	addr := a.socket.Addr()
	return errBacklogReset(&net.OpError{Op: "accept", Net: addr.Network(), Addr: addr, Err: unwrapOpError(a.failed)})
}

// errBacklogReset returns the error of a shutdown that has reset connections, because of err.
func errBacklogReset(err error) error {
	return fmt.Errorf("aionet: connections in the accept backlog were reset: %w", err)
}

// unwrapOpError returns the error within a *net.OpError, or err.
func unwrapOpError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// listen makes a listener of the calling task's loop.
func (a *acceptor) listen(ctx context.Context, network string, o options) (*Listener, error) {
	shared, err := a.newListener(ctx, network)
	if err != nil {
		return nil, err
	}
	l := newListener(shared.loop, network, shared, o)
	shared.loop.AtClose(func() { shared.Close() })
	return l, nil
}
