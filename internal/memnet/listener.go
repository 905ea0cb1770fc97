package memnet

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A listener has a queue of connections to accept.
type listener struct {
	socket
	kind  kind
	addr  net.Addr
	key   portKey
	bound *binding
	queue []arrival // by arrival time
}

// An arrival is a connection that has not been accepted yet.
type arrival struct {
	at   int64
	conn *conn
}

// Listen makes a listener. It yields once, because Listen of the system's sockets also suspends.
func (p *port) Listen(ctx context.Context, network, addr string, o netport.Options) (netport.Listener, error) {
	if err := yield(ctx); err != nil {
		return nil, err
	}
	if err := netport.RefuseUnknown("listen", "Listen", network, netport.Streams...); err != nil {
		return nil, err
	}
	k, family, _ := kindOf(network)
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	l := &listener{socket: socket{port: p}, kind: k}
	l.self = l
	var err error
	l.key, l.bound, l.addr, err = n.bindAddr(network, k, family, addr, o, &binding{listener: l})
	if err != nil {
		return nil, opError("listen", network, nil, l.addr, err)
	}
	l.register()
	return l, nil
}

// yield yields once.
func yield(ctx context.Context) error {
	caller, err := engine.Enter(ctx)
	if err != nil {
		return err
	}
	return caller.Yield()
}

// bindAddr binds b to the address. It is called with the lock.
func (n *Network) bindAddr(network string, k kind, family int, addr string, o netport.Options, b *binding) (portKey, *binding, net.Addr, error) {
	if o.Control != nil {
		return portKey{}, nil, nil, errNoControl
	}
	b.reuse = o.ReusePort
	key := portKey{kind: k}
	if k.local() || k == unixgram {
		key.name = addr
		if addr == "" {
			key.name = n.freeName()
		}
		if _, free := n.bind(key, b); !free {
			return portKey{}, nil, &net.UnixAddr{Name: addr, Net: network}, os.NewSyscallError("bind", syscall.EADDRINUSE)
		}
		return key, b, &net.UnixAddr{Name: key.name, Net: network}, nil
	}
	host, port, err := split(network, addr)
	if err != nil {
		return portKey{}, nil, nil, err
	}
	ips, err := n.lookup(host, family, true)
	if err != nil {
		return portKey{}, nil, nil, err
	}
	if b.ip = ips[0]; b.ip.IsUnspecified() {
		if family == 0 { // for both families, as in package net
			b.ip = netip.IPv6Unspecified()
		}
		b.only6 = family == 6
	}
	key.port = port
	key, free := n.bind(key, b)
	if !free {
		return portKey{}, nil, ipAddr(k, b.ip, key.port), os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	return key, b, ipAddr(k, b.ip, key.port), nil
}

// arrive puts a connection into the queue. It is called with the lock.
func (l *listener) arrive(c *conn, at int64) {
	i := len(l.queue)
	for i > 0 && l.queue[i-1].at > at {
		i--
	}
	l.queue = slices.Insert(l.queue, i, arrival{at, c})
	l.readable = l.readable || at <= l.port.net.now()
	l.notifyAt(at)
}

func (l *listener) advance(now int64) {
	l.readable = l.readable || len(l.queue) > 0 && l.queue[0].at <= now
}

func (l *listener) nextArrival() int64 {
	now := l.port.net.now()
	for _, w := range l.queue {
		if w.at > now {
			return w.at
		}
	}
	return never
}

// Accept returns the connection that arrived first.
func (l *listener) Accept() (netport.Stream, error) {
	n := l.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if l.closed {
		return nil, net.ErrClosed
	}
	if len(l.queue) == 0 || l.queue[0].at > n.now() {
		return nil, netport.ErrAgain
	}
	c := l.queue[0].conn
	l.queue = slices.Delete(l.queue, 0, 1)
	return c, nil
}

// Drain accepts at most most connections that have arrived.
func (l *listener) Drain(most int) (taken []netport.Stream, err error) {
	for len(taken) < most {
		s, err := l.Accept()
		if err != nil {
			break
		}
		taken = append(taken, s)
	}
	return taken, nil
}

// Close stops listening and resets the connections in the queue.
func (l *listener) Close() error {
	n := l.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if !l.unregister() {
		return net.ErrClosed
	}
	n.unbind(l.key, l.bound)
	for _, w := range l.queue {
		w.conn.abort()
	}
	l.queue = nil
	return nil
}

func (l *listener) Addr() net.Addr { return l.addr }
