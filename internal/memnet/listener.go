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

// listener is where connections wait to be accepted.
type listener struct {
	socket
	kind  kind
	addr  net.Addr
	place place
	bound *binding
	queue []waiting // by the time of their arrival
}

// waiting is a connection that nobody has accepted yet.
type waiting struct {
	at  int64
	end *end
}

// Listen gives up one turn, as the sockets' Listen gives up some.
func (p *port) Listen(ctx context.Context, network, addr string, o netport.Options) (netport.Listener, error) {
	if err := turn(ctx); err != nil {
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
	l.place, l.bound, l.addr, err = n.take(network, k, family, addr, o, &binding{listener: l})
	if err != nil {
		return nil, opError("listen", network, nil, l.addr, err)
	}
	l.opened()
	return l, nil
}

// turn lets what is ready run.
func turn(ctx context.Context) error {
	caller, err := engine.Enter(ctx)
	if err != nil {
		return err
	}
	return caller.Yield()
}

// take gives b the address. With the lock.
func (n *Network) take(network string, k kind, family int, addr string, o netport.Options, b *binding) (place, *binding, net.Addr, error) {
	if o.Control != nil {
		return place{}, nil, nil, errNoDescriptor
	}
	b.reuse = o.ReusePort
	where := place{kind: k}
	if k.local() || k == unixgram {
		where.name = addr
		if addr == "" {
			where.name = n.anyName()
		}
		if _, free := n.bind(where, b); !free {
			return place{}, nil, &net.UnixAddr{Name: addr, Net: network}, os.NewSyscallError("bind", syscall.EADDRINUSE)
		}
		return where, b, &net.UnixAddr{Name: where.name, Net: network}, nil
	}
	host, port, err := split(network, addr)
	if err != nil {
		return place{}, nil, nil, err
	}
	ips, err := n.lookup(host, family, true)
	if err != nil {
		return place{}, nil, nil, err
	}
	if b.ip = ips[0]; b.ip.IsUnspecified() {
		if family == 0 { // of both families, as package net has it
			b.ip = netip.IPv6Unspecified()
		}
		b.only6 = family == 6
	}
	where.port = port
	where, free := n.bind(where, b)
	if !free {
		return place{}, nil, internet(k, b.ip, where.port), os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	return where, b, internet(k, b.ip, where.port), nil
}

// arrive puts a connection into the queue. With the lock.
func (l *listener) arrive(e *end, at int64) {
	i := len(l.queue)
	for i > 0 && l.queue[i-1].at > at {
		i--
	}
	l.queue = slices.Insert(l.queue, i, waiting{at, e})
	l.readable = l.readable || at <= l.port.net.now()
	l.expect(at)
}

func (l *listener) settle(now int64) {
	l.readable = l.readable || len(l.queue) > 0 && l.queue[0].at <= now
}

func (l *listener) due() int64 {
	now := l.port.net.now()
	for _, w := range l.queue {
		if w.at > now {
			return w.at
		}
	}
	return never
}

// Accept takes the connection that came first.
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
	e := l.queue[0].end
	l.queue = slices.Delete(l.queue, 0, 1)
	return e, nil
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

// Close stops listening. Who waits in the queue is reset.
func (l *listener) Close() error {
	n := l.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if !l.shutdown() {
		return net.ErrClosed
	}
	n.unbind(l.place, l.bound)
	for _, w := range l.queue {
		w.end.abort()
	}
	l.queue = nil
	return nil
}

func (l *listener) Addr() net.Addr { return l.addr }
