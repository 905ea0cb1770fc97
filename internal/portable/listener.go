package portable

import (
	"net"
	"time"

	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// listener accepts one connection ahead. It is owned by the loop.
type listener struct {
	net     *network
	from    netmake.Listening
	backlog *netmake.Backlog // once it is drained
	watcher netport.Watcher
	under   chan accepted // what a goroutine accepts; nil: none does
	have    accepted      // what one has accepted, or why not
	closed  bool
}

type accepted struct {
	conn net.Conn
	err  error
}

func (n *network) listener(from netmake.Listening) *listener {
	l := &listener{net: n, from: from}
	n.open[l] = struct{}{}
	return l
}

func (l *listener) Watch(w netport.Watcher) { l.watcher = w }

// Accept takes what a goroutine has accepted, or sends one to accept.
func (l *listener) Accept() (netport.Stream, error) {
	switch {
	case l.closed:
		return nil, net.ErrClosed
	case l.have != accepted{}:
		return l.take()
	case l.under == nil:
		l.fetch()
	}
	return nil, netport.ErrAgain
}

func (l *listener) take() (netport.Stream, error) {
	have := l.have
	l.have = accepted{}
	if have.err != nil {
		return nil, have.err
	}
	return l.net.AdoptConn(have.conn)
}

func (l *listener) fetch() {
	under := make(chan accepted, 1)
	l.under = under
	l.net.do(func() { under <- l.accept() }, func() {
		if l.under != under { // collected before
			return
		}
		l.collect()
		if l.watcher != nil {
			l.watcher.Ready(true, false)
		}
	})
}

func (l *listener) accept() accepted {
	c, err := l.from.Accept()
	return accepted{c, plain(err)}
}

// collect waits for the goroutine that accepts.
func (l *listener) collect() {
	if l.under != nil {
		l.have = <-l.under
		l.under = nil
	}
}

// lastLook is how long Drain waits for connections that wait in the system's queue.
const lastLook = 5 * time.Millisecond

// Drain accepts what waits in the system's queue. It holds up the loop.
func (l *listener) Drain(most int) (taken []netport.Stream, err error) {
	from, ok := l.from.Listener.(interface{ SetDeadline(time.Time) error })
	if !ok || l.closed {
		return nil, nil
	}
	from.SetDeadline(longAgo) // interrupts a goroutine that is blocked in Accept
	l.collect()
	if l.have.err != nil {
		l.have = accepted{}
	}
	if l.backlog == nil {
		l.backlog = l.from.Backlog()
	}
	for len(taken) < most {
		if l.have == (accepted{}) {
			c, err := l.backlog.Accept(lastLook)
			if err == nil && c == nil {
				break // the backlog is empty and the socket closed
			}
			if err != nil {
				return taken, plain(err)
			}
			l.have.conn = c
		}
		s, err := l.take()
		if err != nil {
			return taken, err
		}
		taken = append(taken, s)
	}
	return taken, nil
}

var longAgo = time.Unix(1, 0)

// Close stops listening, and closes a connection that nobody took.
func (l *listener) Close() error {
	if l.closed {
		return net.ErrClosed
	}
	l.closed = true
	delete(l.net.open, l)
	err := plain(l.from.Close())
	if l.have.conn != nil {
		l.have.conn.Close()
	}
	if l.collect(); l.have.conn != nil { // accepted meanwhile
		l.have.conn.Close()
	}
	return err
}

func (l *listener) Addr() net.Addr { return l.from.Addr() }
