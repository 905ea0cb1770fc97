package portable

import (
	"net"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// listener accepts one connection ahead. It is owned by the loop.
type listener struct {
	net       *network
	from      net.Listener
	watcher   netport.Watcher
	accepting bool
	have      net.Conn
	err       error
	closed    bool
}

func (l *listener) Watch(w netport.Watcher) { l.watcher = w }

// Accept takes what a goroutine has accepted, and sends the next one.
func (l *listener) Accept() (netport.Stream, error) {
	switch {
	case l.have != nil:
		c := l.have
		l.have = nil
		return l.net.stream(c, c.LocalAddr(), c.RemoteAddr()), nil
	case l.err != nil:
		err := l.err
		l.err = nil
		return nil, err
	case l.closed:
		return nil, net.ErrClosed
	case !l.accepting:
		l.fetch()
	}
	return nil, netport.ErrAgain
}

func (l *listener) fetch() {
	l.accepting = true
	var c net.Conn
	var err error
	l.net.do(func() { c, err = l.from.Accept() }, func() {
		l.accepting = false
		if l.closed {
			if err == nil {
				c.Close()
			}
			return
		}
		l.have, l.err = c, plain(err)
		if l.watcher != nil {
			l.watcher.Ready(true, false)
		}
	})
}

// Close stops listening, and closes a connection that nobody took.
func (l *listener) Close() error {
	if l.closed {
		return net.ErrClosed
	}
	l.closed = true
	delete(l.net.open, l)
	if l.have != nil {
		l.have.Close()
		l.have = nil
	}
	return plain(l.from.Close())
}

func (l *listener) Addr() net.Addr { return l.from.Addr() }
