package portable

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/asyncio-go/asyncio/internal/netmake"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// listener accepts one connection ahead. It is owned by the loop.
type listener struct {
	net     *network
	from    net.Listener
	watcher netport.Watcher
	under   chan accepted // what a goroutine accepts; nil: none does
	have    accepted      // what one has accepted, or why not
	closed  bool
}

type accepted struct {
	conn net.Conn
	err  error
}

func (n *network) listener(from net.Listener) *listener {
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
func (l *listener) Drain(most int) (taken []netport.Stream) {
	from, ok := l.from.(interface{ SetDeadline(time.Time) error })
	if !ok || l.closed {
		return nil
	}
	for len(taken) < most {
		if l.have == (accepted{}) {
			from.SetDeadline(time.Now().Add(lastLook))
			if l.collect(); l.have == (accepted{}) {
				l.have = l.accept()
			}
		}
		if errors.Is(l.have.err, os.ErrDeadlineExceeded) {
			l.have = accepted{}
			if waits, _ := netmake.Waits(l.from); waits { // the deadline came before the look, on a busy machine
				continue
			}
			break
		}
		s, err := l.take()
		if err != nil {
			break
		}
		taken = append(taken, s)
	}
	from.SetDeadline(time.Time{})
	return taken
}

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
