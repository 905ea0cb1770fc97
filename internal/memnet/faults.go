package memnet

import (
	"net"
	"net/netip"
	"strings"
)

// Addrs identifies a connection by the addresses of one side.
type Addrs interface {
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
}

// find returns one side of the connection, or nil. It is called with the lock.
func (n *Network) find(id Addrs) *conn {
	if c := n.sides[connKey(id.LocalAddr(), id.RemoteAddr())]; c != nil {
		return c
	}
	return n.sides[connKey(id.RemoteAddr(), id.LocalAddr())]
}

// Reset resets both sides at once. It reports whether the connection exists.
func (n *Network) Reset(id Addrs) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.find(id)
	if c == nil {
		return false
	}
	now := n.now()
	for _, c := range []*conn{c, c.peer} {
		if !c.closed {
			c.advance(now)
			c.reset()
			c.port.notifySoon(&c.socket)
		}
		c.wasReset = true
		c.in.inFlight, c.in.acks = nil, nil
	}
	return true
}

// Block stops all traffic of the connection in both directions. Neither side is notified. It
// reports whether the connection exists.
func (n *Network) Block(id Addrs) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.find(id)
	if c == nil {
		return false
	}
	for _, c := range []*conn{c, c.peer} {
		c.blocked = true
		c.holdSegments(n.now())
	}
	return true
}

// Unblock ends Block: the held segments are sent again.
func (n *Network) Unblock(id Addrs) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.find(id)
	if c == nil {
		return false
	}
	c.blocked, c.peer.blocked = false, false
	c.resendSegments()
	c.peer.resendSegments()
	return true
}

// holdSegments keeps the segments and acknowledgements that c has sent from arriving. It is called
// with the lock.
func (c *conn) holdSegments(now int64) {
	c.peer.advance(now)
	c.port.notifySoon(&c.socket)
	c.peer.port.notifySoon(&c.peer.socket)
	for i := range c.out.inFlight {
		c.out.inFlight[i].at = never
	}
	for i := range c.in.acks {
		c.in.acks[i].at = never
	}
}

// resendSegments sends the held segments again. It is called with the lock.
func (c *conn) resendSegments() {
	flying, acks := c.out.inFlight, c.in.acks
	c.out.inFlight, c.in.acks = nil, nil
	for _, s := range flying {
		c.send(s)
	}
	for _, a := range acks {
		c.acknowledge(a.n)
	}
}

// BlockAll stops all traffic, except that of unix sockets. Dialling waits, and datagrams are
// lost.
func (n *Network) BlockAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blocked = true
	for _, c := range n.conns {
		if !c.kind.local() {
			c.holdSegments(n.now())
			c.peer.holdSegments(n.now())
		}
	}
}

// UnblockAll ends BlockAll: the held segments are sent again.
func (n *Network) UnblockAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blocked = false
	for _, c := range n.conns {
		if !c.blocked && !c.kind.local() {
			c.resendSegments()
			c.peer.resendSegments()
		}
	}
	for _, p := range n.ports {
		p.loop.Do(p.unblocked.WakeAll)
	}
}

// Refuse sets whether new connections to the address are refused, even if there is a listener.
// addr is an address of Dial, of TCP or of a unix socket.
func (n *Network) Refuse(addr string, refuse bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if strings.ContainsAny(addr, "/@") || !strings.Contains(addr, ":") {
		n.refused[addrKey(netip.Addr{}, 0, addr)] = refuse
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
		n.refused[addrKey(ip, port, "")] = refuse
	}
	return nil
}
