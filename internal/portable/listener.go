package portable

import (
	"net"
	"time"

	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A listener accepts one connection ahead, in a goroutine. It is owned by the loop.
type listener struct {
	net       *network
	socket    netmake.Listening
	backlog   *netmake.Backlog // set by Drain
	watcher   netport.Watcher
	accepting chan accepted // the result of the goroutine that accepts; nil: there is none
	next      accepted      // the result to be returned next
	closed    bool
}

type accepted struct {
	conn net.Conn
	err  error
}

func (n *network) listener(from netmake.Listening) *listener {
	l := &listener{net: n, socket: from}
	n.open[l] = struct{}{}
	return l
}

func (l *listener) Watch(w netport.Watcher) { l.watcher = w }

// Accept returns the result of the goroutine that accepts, or starts one.
func (l *listener) Accept() (netport.Stream, error) {
	switch {
	case l.closed:
		return nil, net.ErrClosed
	case l.next != accepted{}:
		return l.takeNext()
	case l.accepting == nil:
		l.startAccept()
	}
	return nil, netport.ErrAgain
}

func (l *listener) takeNext() (netport.Stream, error) {
	have := l.next
	l.next = accepted{}
	if have.err != nil {
		return nil, have.err
	}
	return l.net.AdoptConn(have.conn)
}

func (l *listener) startAccept() {
	under := make(chan accepted, 1)
	l.accepting = under
	l.net.do(func() { under <- l.accept() }, func() {
		if l.accepting != under { // awaitAccept has received the result
			return
		}
		l.awaitAccept()
		if l.watcher != nil {
			l.watcher.Ready(true, false)
		}
	})
}

func (l *listener) accept() accepted {
	c, err := l.socket.Accept()
	return accepted{c, unwrapOpError(err)}
}

// awaitAccept blocks until the goroutine that accepts has ended.
func (l *listener) awaitAccept() {
	if l.accepting != nil {
		l.next = <-l.accepting
		l.accepting = nil
	}
}

// backlogTimeout bounds an Accept on systems that do not report whether the accept backlog is
// empty.
const backlogTimeout = 5 * time.Millisecond

// Drain accepts the connections in the accept backlog. It blocks the loop for some milliseconds.
func (l *listener) Drain(most int) (taken []netport.Stream, err error) {
	from, ok := l.socket.Listener.(interface{ SetDeadline(time.Time) error })
	if !ok || l.closed {
		return nil, nil
	}
	from.SetDeadline(pastTime) // interrupts a goroutine that is blocked in Accept
	l.awaitAccept()
	if l.next.err != nil {
		l.next = accepted{}
	}
	if l.backlog == nil {
		l.backlog = l.socket.Backlog()
	}
	for len(taken) < most {
		if l.next == (accepted{}) {
			c, err := l.backlog.Accept(backlogTimeout)
			if err == nil && c == nil {
				break // the backlog is empty and the socket closed
			}
			if err != nil {
				return taken, unwrapOpError(err)
			}
			l.next.conn = c
		}
		s, err := l.takeNext()
		if err != nil {
			return taken, err
		}
		taken = append(taken, s)
	}
	return taken, nil
}

var pastTime = time.Unix(1, 0)

// Close stops listening, and closes a connection that was accepted ahead.
func (l *listener) Close() error {
	if l.closed {
		return net.ErrClosed
	}
	l.closed = true
	delete(l.net.open, l)
	err := unwrapOpError(l.socket.Close())
	if l.next.conn != nil {
		l.next.conn.Close()
	}
	if l.awaitAccept(); l.next.conn != nil { // accepted during Close
		l.next.conn.Close()
	}
	return err
}

func (l *listener) Addr() net.Addr { return l.socket.Addr() }
