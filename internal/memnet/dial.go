package memnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

var errNoControl = fmt.Errorf("a network in memory has no descriptors to control: %w", errors.ErrUnsupported)

// dialTimeout is how long Linux retries a connect without an answer.
const dialTimeout = 127 * time.Second

// Dial connects. It takes the latency of both directions. Without latency it yields once.
func (p *port) Dial(ctx context.Context, network, addr string, o netport.Options) (netport.Stream, error) {
	k, family, ok := kindOf(network)
	if !ok {
		return nil, netport.RefuseUnknown("dial", "Dial", network, slices.Concat(netport.Streams, netport.Datagrams)...)
	}
	if o.Control != nil {
		return nil, opError("dial", network, nil, nil, errNoControl)
	}
	caller, err := engine.Enter(ctx)
	if err != nil {
		return nil, err
	}
	switch k {
	case pair:
		return p.pair(addr), nil
	case udp, unixgram:
		return p.dialPackets(network, k, family, addr, o)
	case unixStream, unixPacket:
		if err := caller.Yield(); err != nil {
			return nil, err
		}
		c, _, err := p.connect(network, k, 0, addr, o)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	if err := p.awaitArrival(caller); err != nil {
		if err == errNoAnswer {
			err = opError("dial", network, nil, nil, os.NewSyscallError("connect", syscall.ETIMEDOUT))
		}
		return nil, err
	}
	c, back, err := p.connect(network, k, family, addr, o)
	if ctxErr := p.pause(caller, back); ctxErr != nil {
		if c != nil {
			c.Close()
		}
		return nil, ctxErr
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

var errNoAnswer = errors.New("memnet: no answer")

// pause suspends the task for d, or yields once if d is 0.
func (p *port) pause(caller engine.Caller, d int64) error {
	if d <= 0 {
		return caller.Yield()
	}
	return caller.Sleep(p.loop.Elapsed() + d)
}

// awaitArrival suspends the task until a connection request has reached the peer.
func (p *port) awaitArrival(caller engine.Caller) error {
	n := p.net
	n.mu.Lock()
	there := n.rand.delay()
	n.mu.Unlock()
	if err := p.pause(caller, there); err != nil {
		return err
	}
	until := p.loop.After(dialTimeout)
	for {
		n.mu.Lock()
		cut := n.blocked
		n.mu.Unlock()
		if !cut {
			return nil
		}
		switch caller.ParkUntil(&p.unblocked, until, engine.ForConnections) {
		case engine.WokenByCancel:
			return caller.Err()
		case engine.WokenByTimer:
			return errNoAnswer
		}
	}
}

// connect makes a connection to the listener at an address. back is the latency of the answer.
func (p *port) connect(network string, k kind, family int, addr string, o netport.Options) (c *conn, back int64, err error) {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if k == tcp {
		back = n.rand.delay()
	}
	fail := func(remote net.Addr, err error) (*conn, int64, error) {
		return nil, back, opError("dial", network, o.Local, remote, err)
	}
	if k.local() {
		remote := &net.UnixAddr{Name: addr, Net: network}
		l := n.listenerAt(portKey{kind: k, name: addr}, netip.Addr{})
		switch {
		case n.refused[addrKey(netip.Addr{}, 0, addr)]:
			return fail(remote, os.NewSyscallError("connect", syscall.ECONNREFUSED))
		case l == nil:
			return fail(remote, os.NewSyscallError("connect", syscall.ENOENT))
		}
		local := &net.UnixAddr{Name: n.freeName(), Net: network}
		return n.establish(p, l, k, local, remote, 0), 0, nil
	}
	host, port, err := split(network, addr)
	if err != nil {
		return fail(nil, err)
	}
	ips, err := n.lookup(host, family, false)
	if err != nil {
		return fail(nil, err)
	}
	var first error
	for _, ip := range ips {
		if host == "" && family == 0 {
			ip = loopback4
		}
		ip = loopbackFor(ip)
		remote := ipAddr(tcp, ip, port)
		l := n.listenerAt(portKey{kind: k, port: port}, ip)
		if l == nil || n.refused[addrKey(ip, port, "")] {
			if first == nil {
				_, _, first = fail(remote, os.NewSyscallError("connect", syscall.ECONNREFUSED))
			}
			continue
		}
		local, err := n.localAddr(ip, remote, o.Local)
		if err != nil {
			return fail(remote, err)
		}
		return n.establish(p, l, k, local, remote, back), back, nil
	}
	return nil, back, first
}

// listenerAt returns the listener at an address, or nil. It is called with the lock.
func (n *Network) listenerAt(key portKey, ip netip.Addr) *listener {
	if b := n.bindingAt(key, ip); b != nil {
		return b.listener
	}
	return nil
}

// localFor returns the local address for a connection to ip. Its port is 0 unless wanted has one.
func localFor(ip netip.Addr, wanted net.Addr) (netip.AddrPort, error) {
	from := loopback6
	if ip.Is4() {
		from = loopback4
	}
	var own netip.AddrPort
	switch a := wanted.(type) {
	case nil:
	case *net.TCPAddr:
		own = a.AddrPort()
	case *net.UDPAddr:
		own = a.AddrPort()
	default:
		return own, &net.AddrError{Err: fmt.Sprintf("a %T is not an address to dial from", wanted), Addr: wanted.String()}
	}
	if a := own.Addr().Unmap(); a.IsValid() && !a.IsUnspecified() {
		from = a
	}
	return netip.AddrPortFrom(from, own.Port()), nil
}

// localAddr returns a free local address for a connection to remote. It is called with the lock.
func (n *Network) localAddr(ip netip.Addr, remote, wanted net.Addr) (net.Addr, error) {
	own, err := localFor(ip, wanted)
	if err != nil {
		return nil, err
	}
	port, tries := own.Port(), 1
	if port == 0 {
		tries = lastPort - firstPort + 1
	}
	for ; tries > 0; tries-- {
		if own.Port() == 0 {
			port = n.nextPort()
		}
		if local := ipAddr(tcp, own.Addr(), port); n.sides[connKey(local, remote)] == nil {
			return local, nil
		}
	}
	return nil, os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)
}

// freeName returns a name for a unix socket without one. It is called with the lock.
func (n *Network) freeName() string {
	n.lastID++
	return fmt.Sprintf("@%05x", n.lastID)
}

// establish makes a connection and puts its remote side into the listener's queue. It arrives
// there when the handshake is complete. It is called with the lock.
func (n *Network) establish(p *port, l *listener, k kind, local, remote net.Addr, back int64) *conn {
	near, far := n.newConn(p, l.port, k, local, remote)
	at := n.now()
	if k == tcp {
		at += back + near.rand.delay()
	}
	near.out.lastArrival = at
	l.arrive(far, at)
	return near
}

// pair returns one side of a new connection. The second call with the same name returns the
// other side.
func (p *port) pair(name string) *conn {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if c := n.pairs[name]; c != nil {
		delete(n.pairs, name)
		return c
	}
	near, far := n.newConn(p, p, pair, &net.UnixAddr{Name: n.freeName(), Net: "pair"}, &net.UnixAddr{Name: n.freeName(), Net: "pair"})
	n.pairs[name] = far
	return near
}
