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

var errNoDescriptor = fmt.Errorf("a network in memory has no descriptors to control: %w", errors.ErrUnsupported)

// patience is how long a system tries to reach somebody who does not answer.
const patience = 127 * time.Second

// Dial connects. The way there and back is the delay of the network; without one it
// gives up a turn.
func (p *port) Dial(ctx context.Context, network, addr string, o netport.Options) (netport.Stream, error) {
	k, family, ok := kindOf(network)
	if !ok {
		return nil, netport.RefuseUnknown("dial", "Dial", network, slices.Concat(netport.Streams, netport.Datagrams)...)
	}
	if o.Control != nil {
		return nil, opError("dial", network, nil, nil, errNoDescriptor)
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
		e, _, err := p.connect(network, k, 0, addr, o)
		if err != nil {
			return nil, err
		}
		return e, nil
	}
	if err := p.reach(caller); err != nil {
		if err == errSilent {
			err = opError("dial", network, nil, nil, os.NewSyscallError("connect", syscall.ETIMEDOUT))
		}
		return nil, err
	}
	e, back, err := p.connect(network, k, family, addr, o)
	if ctxErr := p.pause(caller, back); ctxErr != nil {
		if e != nil {
			e.Close()
		}
		return nil, ctxErr
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

var errSilent = errors.New("memnet: nobody answers")

// pause suspends the task for a time, or for one turn.
func (p *port) pause(caller engine.Caller, d int64) error {
	if d <= 0 {
		return caller.Yield()
	}
	return caller.Sleep(p.loop.Elapsed() + d)
}

// reach suspends the task until what it sends has arrived.
func (p *port) reach(caller engine.Caller) error {
	n := p.net
	n.mu.Lock()
	there := n.dice.delay()
	n.mu.Unlock()
	if err := p.pause(caller, there); err != nil {
		return err
	}
	until := p.loop.After(patience)
	for {
		n.mu.Lock()
		cut := n.cut
		n.mu.Unlock()
		if !cut {
			return nil
		}
		switch caller.ParkUntil(&p.healed, until, engine.ForConnections) {
		case engine.WokenByCancel:
			return caller.Err()
		case engine.WokenByTimer:
			return errSilent
		}
	}
}

// connect finds a listener and gives it a connection. back is how long the answer takes.
func (p *port) connect(network string, k kind, family int, addr string, o netport.Options) (e *end, back int64, err error) {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if k == tcp {
		back = n.dice.delay()
	}
	fail := func(remote net.Addr, err error) (*end, int64, error) {
		return nil, back, opError("dial", network, o.Local, remote, err)
	}
	if k.local() {
		remote := &net.UnixAddr{Name: addr, Net: network}
		l := n.listening(place{kind: k, name: addr}, netip.Addr{})
		switch {
		case n.refused[key(netip.Addr{}, 0, addr)]:
			return fail(remote, os.NewSyscallError("connect", syscall.ECONNREFUSED))
		case l == nil:
			return fail(remote, os.NewSyscallError("connect", syscall.ENOENT))
		}
		local := &net.UnixAddr{Name: n.anyName(), Net: network}
		return n.join(p, l, k, local, remote, 0), 0, nil
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
		ip = here(ip)
		remote := internet(tcp, ip, port)
		l := n.listening(place{kind: k, port: port}, ip)
		if l == nil || n.refused[key(ip, port, "")] {
			if first == nil {
				_, _, first = fail(remote, os.NewSyscallError("connect", syscall.ECONNREFUSED))
			}
			continue
		}
		local, err := n.caller(ip, remote, o.Local)
		if err != nil {
			return fail(remote, err)
		}
		return n.join(p, l, k, local, remote, back), back, nil
	}
	return nil, back, first
}

// listening returns who listens at an address. With the lock.
func (n *Network) listening(where place, ip netip.Addr) *listener {
	if b := n.at(where, ip); b != nil {
		return b.listener
	}
	return nil
}

// near is the address from which ip is dialled; its port is 0 unless one is wanted.
func near(ip netip.Addr, wanted net.Addr) (netip.AddrPort, error) {
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

// caller returns the address of the side that dials remote. With the lock.
func (n *Network) caller(ip netip.Addr, remote, wanted net.Addr) (net.Addr, error) {
	own, err := near(ip, wanted)
	if err != nil {
		return nil, err
	}
	port, tries := own.Port(), 1
	if port == 0 {
		tries = lastPort - firstPort + 1
	}
	for ; tries > 0; tries-- {
		if own.Port() == 0 {
			port = n.anyPort()
		}
		if local := internet(tcp, own.Addr(), port); n.ends[ends(local, remote)] == nil {
			return local, nil
		}
	}
	return nil, os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)
}

// anyName is the name of a unix socket that has none. With the lock.
func (n *Network) anyName() string {
	n.lastID++
	return fmt.Sprintf("@%05x", n.lastID)
}

// join makes a connection and puts its other side into the listener's queue, at the
// time at which it learns that the answer has arrived. With the lock.
func (n *Network) join(p *port, l *listener, k kind, local, remote net.Addr, back int64) *end {
	near, far := n.pairOf(p, l.port, k, local, remote)
	at := n.now()
	if k == tcp {
		at += back + near.dice.delay()
	}
	near.out.last = at
	l.arrive(far, at)
	return near
}

// pair returns one side of a connection, and the other side to the second call with the
// same name.
func (p *port) pair(name string) *end {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if e := n.halves[name]; e != nil {
		delete(n.halves, name)
		return e
	}
	near, far := n.pairOf(p, p, pair, &net.UnixAddr{Name: n.anyName(), Net: "pair"}, &net.UnixAddr{Name: n.anyName(), Net: "pair"})
	n.halves[name] = far
	return near
}
