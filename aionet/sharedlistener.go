package aionet

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A sharedListener is the netport.Listener of one loop, for a socket that several loops share.
// The acceptor gives it connections.
type sharedListener struct {
	acceptor *acceptor
	loop     *engine.Loop
	adopter  netport.ConnAdopter
	watcher  netport.Watcher

	mu        sync.Mutex // guards the fields below
	requested bool
	closed    bool
	conn      net.Conn // delivered and not accepted yet
	err       error    // delivered and not returned yet
}

// newListener makes the sharedListener of the calling task's loop.
func (a *acceptor) newListener(ctx context.Context, network string) (*sharedListener, error) {
	caller, n, err := enterNetwork(ctx)
	if err != nil {
		return nil, err
	}
	adopter, ok := n.Network.(netport.ConnAdopter)
	if !ok {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: a.socket.Addr(), Err: errors.ErrUnsupported}
	}
	return &sharedListener{acceptor: a, loop: caller.L, adopter: adopter}, nil
}

// Accept returns the connection that was delivered. If there is none it requests one.
func (l *sharedListener) Accept() (netport.Stream, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, net.ErrClosed
	case l.err != nil:
		err := l.err
		l.err = nil
		return nil, err
	case l.conn != nil:
		s, err := l.adopter.AdoptConn(l.conn)
		if err != nil { // such as EMFILE; Serve retries
			return nil, err
		}
		l.conn = nil
		return s, nil
	case !l.requested:
		l.requested = true
		l.acceptor.requests <- l
	}
	return nil, netport.ErrAgain
}

// deliver answers the request with a connection or an error, and reports whether the loop still
// listens. The acceptor calls it.
func (l *sharedListener) deliver(c net.Conn, err error) bool {
	l.mu.Lock()
	l.requested = false
	if l.closed {
		l.mu.Unlock()
		return false
	}
	l.conn, l.err = c, err
	l.mu.Unlock()
	l.loop.Do(func() { l.watcher.Ready(true, false) })
	return true
}

// Drain accepts the connection that was delivered, if any. The acceptor serves the accept
// backlog.
func (l *sharedListener) Drain(int) ([]netport.Stream, error) {
	l.mu.Lock()
	delivered := l.conn != nil
	l.mu.Unlock()
	if !delivered {
		return nil, nil
	}
	s, err := l.Accept()
	if err != nil {
		return nil, err
	}
	return []netport.Stream{s}, nil
}

func (l *sharedListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
	return nil
}

func (l *sharedListener) Watch(w netport.Watcher) { l.watcher = w }

func (l *sharedListener) Addr() net.Addr { return l.acceptor.socket.Addr() }
