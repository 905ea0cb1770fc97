package memnet

import (
	"net"
	"net/netip"
	"strings"
)

// A Side names one side of a connection, as any net.Conn does.
type Side interface {
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
}

// find returns a side of the connection, nil if there is none. With the lock.
func (n *Network) find(c Side) *end {
	if e := n.ends[ends(c.LocalAddr(), c.RemoteAddr())]; e != nil {
		return e
	}
	return n.ends[ends(c.RemoteAddr(), c.LocalAddr())]
}

// Reset resets both sides at once and reports whether there is such a connection.
func (n *Network) Reset(c Side) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := n.find(c)
	if e == nil {
		return false
	}
	now := n.now()
	for _, e := range []*end{e, e.peer} {
		if !e.closed {
			e.settle(now)
			e.reset()
			e.port.soon(&e.socket)
		}
		e.dead = true
		e.in.flying, e.in.acks = nil, nil
	}
	return true
}

// Cut has nothing pass any more, in neither direction, and reports whether there is
// such a connection. Neither side is told.
func (n *Network) Cut(c Side) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := n.find(c)
	if e == nil {
		return false
	}
	for _, e := range []*end{e, e.peer} {
		e.cut = true
		e.freeze(n.now())
	}
	return true
}

// Mend ends Cut: what was held up is sent again.
func (n *Network) Mend(c Side) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := n.find(c)
	if e == nil {
		return false
	}
	e.cut, e.peer.cut = false, false
	e.thaw()
	e.peer.thaw()
	return true
}

// freeze has nothing of what e has sent arrive. With the lock.
func (e *end) freeze(now int64) {
	e.peer.settle(now)
	e.port.soon(&e.socket)
	e.peer.port.soon(&e.peer.socket)
	for i := range e.out.flying {
		e.out.flying[i].at = never
	}
	for i := range e.in.acks {
		e.in.acks[i].at = never
	}
}

// thaw sends again what was held up. With the lock.
func (e *end) thaw() {
	flying, acks := e.out.flying, e.in.acks
	e.out.flying, e.in.acks = nil, nil
	for _, s := range flying {
		e.send(s)
	}
	for _, a := range acks {
		e.acknowledge(a.n)
	}
}

// Partition has nothing pass between any two sides, but for unix sockets; who dials
// waits, and datagrams are lost.
func (n *Network) Partition() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = true
	for _, e := range n.all {
		if !e.kind.local() {
			e.freeze(n.now())
			e.peer.freeze(n.now())
		}
	}
}

// Heal ends Partition: what was held up is sent again.
func (n *Network) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = false
	for _, e := range n.all {
		if !e.cut && !e.kind.local() {
			e.thaw()
			e.peer.thaw()
		}
	}
	for _, p := range n.ports {
		p.loop.Do(p.healed.WakeAll)
	}
}

// Refuse has connections to the address refused, whoever listens; with refuse false no
// more. It is an address as Dial takes it, of the internet or of a unix socket.
func (n *Network) Refuse(addr string, refuse bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if strings.ContainsAny(addr, "/@") || !strings.Contains(addr, ":") {
		n.refused[key(netip.Addr{}, 0, addr)] = refuse
		return nil
	}
	host, port, err := split("tcp", addr)
	if err != nil {
		return err
	}
	ips, err := n.lookup(host, 0, true)
	if err != nil {
		return err
	}
	if ips[0].IsUnspecified() {
		ips = []netip.Addr{loopback4, loopback6}
	}
	for _, ip := range ips {
		n.refused[key(ip, port, "")] = refuse
	}
	return nil
}
