package memnet

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// packets is a socket for datagrams. Those of the internet may be lost, come twice or
// be overtaken, and are lost where the receiver's buffer is full. A unix socket's are
// not: its sender has to wait.
type packets struct {
	socket
	kind    kind
	addr    net.Addr
	place   place
	bound   *binding
	remote  net.Addr // nil: not connected
	queue   []datagram
	size    int        // bytes in the queue
	senders []*packets // who wait for room in this one's queue
	shut    bool
}

// datagram is on its way until its time has come.
type datagram struct {
	at   int64
	from net.Addr
	data []byte
}

// mostData is what fits in a datagram of the internet.
const mostData = 65507

func (p *port) ListenPacket(ctx context.Context, network, addr string, o netport.Options) (netport.Packets, error) {
	if err := turn(ctx); err != nil {
		return nil, err
	}
	if err := netport.RefuseUnknown("listen", "ListenPacket", network, netport.Datagrams...); err != nil {
		return nil, err
	}
	k, family, _ := kindOf(network)
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	s, err := p.packets(network, k, family, addr, o)
	if err != nil {
		return nil, opError("listen", network, nil, nil, err)
	}
	return s, nil
}

// packets makes a socket that has the address. With the lock.
func (p *port) packets(network string, k kind, family int, addr string, o netport.Options) (*packets, error) {
	s := &packets{socket: socket{port: p}, kind: k}
	s.self = s
	var err error
	if s.place, s.bound, s.addr, err = p.net.take(network, k, family, addr, o, &binding{packets: s}); err != nil {
		return nil, err
	}
	s.opened()
	return s, nil
}

// dialPackets makes a socket that talks to one other.
func (p *port) dialPackets(network string, k kind, family int, addr string, o netport.Options) (netport.Stream, error) {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	fail := func(remote net.Addr, err error) (netport.Stream, error) {
		return nil, opError("dial", network, o.Local, remote, err)
	}
	own := ""
	var remote net.Addr
	if k == unixgram {
		if a, ok := o.Local.(*net.UnixAddr); ok {
			own = a.Name
		}
		remote = &net.UnixAddr{Name: addr, Net: network}
		if n.at(place{kind: k, name: addr}, netip.Addr{}) == nil {
			return fail(remote, os.NewSyscallError("connect", syscall.ENOENT))
		}
	} else {
		host, port, err := split(network, addr)
		if err != nil {
			return fail(nil, err)
		}
		ips, err := n.lookup(host, family, false)
		if err != nil {
			return fail(nil, err)
		}
		ip := here(ips[0])
		if host == "" && family == 0 {
			ip = loopback4
		}
		remote = internet(k, ip, port)
		local, err := near(ip, o.Local)
		if err != nil {
			return fail(remote, err)
		}
		own = local.String()
	}
	s, err := p.packets(network, k, 0, own, o)
	if err != nil {
		return fail(remote, err)
	}
	s.remote = remote
	return connected{s}, nil
}

func (s *packets) settle(now int64) {
	s.readable = s.readable || len(s.queue) > 0 && s.queue[0].at <= now
}

func (s *packets) due() int64 {
	now := s.port.net.now()
	for _, d := range s.queue {
		if d.at > now {
			return d.at
		}
	}
	return never
}

func (s *packets) ReadFrom(p []byte) (int, net.Addr, error) {
	n := s.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case s.closed:
		return 0, nil, net.ErrClosed
	case len(s.queue) == 0 || s.queue[0].at > n.now():
		return 0, nil, netport.ErrAgain
	}
	d := s.queue[0]
	s.queue = slices.Delete(s.queue, 0, 1)
	s.size -= len(d.data)
	s.room()
	return copy(p, d.data), d.from, nil
}

// room tells who wait for it. With the lock.
func (s *packets) room() {
	for _, w := range s.senders {
		if !w.closed {
			w.writable = true
			w.port.soon(&w.socket)
		}
	}
	s.senders = nil
}

func (s *packets) WriteTo(p []byte, to net.Addr) (int, error) {
	s.port.net.mu.Lock()
	defer s.port.net.mu.Unlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	there, ip, err := s.target(to)
	if err != nil {
		return 0, err
	}
	if s.kind == unixgram {
		return s.post(there, p)
	}
	return s.throw(there, ip, p)
}

// target finds who has the address, nil if nobody. With the lock.
func (s *packets) target(to net.Addr) (there *packets, ip netip.Addr, err error) {
	where := place{kind: s.kind}
	switch a := to.(type) {
	case *net.UDPAddr:
		if a == nil {
			err = errAddress(to)
			break
		}
		ip = a.AddrPort().Addr().Unmap()
		if len(a.IP) == 0 { // this host, as in package net
			ip = s.bound.ip
		}
		where.port = uint16(a.Port)
		switch {
		case s.kind != udp || !ip.IsValid() || s.bound.ip.Is4() && !ip.Is4():
			err = errAddress(to)
		case a.Port == 0:
			err = os.NewSyscallError("sendto", syscall.EINVAL)
		}
		ip = here(ip)
	case *net.UnixAddr:
		if a == nil || s.kind != unixgram {
			err = errAddress(to)
			break
		}
		where.name = a.Name
	default:
		err = errAddress(to)
	}
	if err != nil {
		return nil, ip, err
	}
	if b := s.port.net.at(where, ip); b != nil {
		there = b.packets
	}
	return there, ip, nil
}

func errAddress(to net.Addr) error {
	return &net.AddrError{Err: fmt.Sprintf("a %T is not an address for this socket", to), Addr: fmt.Sprint(to)}
}

// post puts a datagram into the queue of a unix socket. With the lock.
func (s *packets) post(to *packets, p []byte) (int, error) {
	n := s.port.net
	switch {
	case to == nil:
		return 0, os.NewSyscallError("sendto", syscall.ENOENT)
	case len(p) > n.cfg.Buffer:
		return 0, os.NewSyscallError("sendto", syscall.EMSGSIZE)
	case to.size+len(p) > n.cfg.Buffer:
		if !slices.Contains(to.senders, s) {
			to.senders = append(to.senders, s)
		}
		return 0, netport.ErrAgain
	}
	to.take(datagram{n.now(), s.addr, bytes.Clone(p)})
	return len(p), nil
}

// throw sends a datagram of the internet on its way. With the lock.
func (s *packets) throw(to *packets, ip netip.Addr, p []byte) (int, error) {
	n := s.port.net
	switch {
	case len(p) > mostData:
		return 0, os.NewSyscallError("sendto", syscall.EMSGSIZE)
	case n.cut || n.dice.falls(n.cfg.Loss):
		return len(p), nil
	case to == nil:
		s.refused(n.now() + n.dice.delay() + n.dice.delay())
		return len(p), nil
	}
	from := s.addr
	if s.bound.ip.IsUnspecified() {
		own := loopback6
		if ip.Is4() {
			own = loopback4
		}
		from = internet(udp, own, s.place.port)
	}
	copies := 1
	if n.dice.falls(n.cfg.Duplicate) {
		copies = 2
	}
	for range copies {
		at := n.now() + n.dice.delay()
		if n.dice.falls(n.cfg.Reorder) {
			at += n.dice.late()
		}
		to.take(datagram{at, from, bytes.Clone(p)})
	}
	return len(p), nil
}

// take takes in a datagram, unless there is no room. With the lock.
func (s *packets) take(d datagram) {
	if s.remote != nil && s.remote.String() != d.from.String() || s.size > 0 && s.size+len(d.data) > s.port.net.cfg.Buffer {
		return
	}
	i := len(s.queue)
	for i > 0 && s.queue[i-1].at > d.at {
		i--
	}
	s.queue = slices.Insert(s.queue, i, d)
	s.size += len(d.data)
	s.readable = s.readable || d.at <= s.port.net.now()
	s.expect(d.at)
}

// refused is the news, to a connected socket, that nobody has the address.
func (s *packets) refused(at int64) {
	if s.remote != nil {
		s.queue = append(s.queue, datagram{at: at})
		s.expect(at)
	}
}

// Close closes the socket; what it has not read is lost.
func (s *packets) Close() error {
	n := s.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if !s.shutdown() {
		return net.ErrClosed
	}
	n.unbind(s.place, s.bound)
	s.room()
	s.queue = nil
	return nil
}

func (s *packets) LocalAddr() net.Addr { return s.addr }

// connected is a socket for datagrams that talks to one other.
type connected struct{ *packets }

// Read reads one datagram. That nobody has the address is ECONNREFUSED.
func (c connected) Read(p []byte) (int, error) {
	k, from, err := c.ReadFrom(p)
	if err == nil && from == nil {
		return 0, os.NewSyscallError("read", syscall.ECONNREFUSED)
	}
	return k, err
}

// ReadMessage reads one whole datagram.
func (c connected) ReadMessage(p []byte) ([]byte, error) {
	c.port.net.mu.Lock()
	if len(c.queue) > 0 && len(c.queue[0].data) > len(p) {
		p = make([]byte, len(c.queue[0].data))
	}
	c.port.net.mu.Unlock()
	k, err := c.Read(p)
	return p[:k], err
}

// Write sends one datagram.
func (c connected) Write(p []byte) (int, error) {
	n := c.port.net
	n.mu.Lock()
	shut := c.shut
	refused := len(c.queue) > 0 && c.queue[0].from == nil && c.queue[0].at <= n.now()
	if refused && !shut {
		c.queue = slices.Delete(c.queue, 0, 1)
	}
	n.mu.Unlock()
	switch {
	case shut:
		return 0, os.NewSyscallError("write", syscall.EPIPE)
	case refused:
		return 0, os.NewSyscallError("write", syscall.ECONNREFUSED)
	}
	return c.WriteTo(p, c.remote)
}

// CloseWrite ends sending.
func (c connected) CloseWrite() error {
	c.port.net.mu.Lock()
	defer c.port.net.mu.Unlock()
	c.shut = true
	return nil
}

// CloseRead does nothing, as package aionet does not read after it.
func (c connected) CloseRead() error { return nil }

func (c connected) RemoteAddr() net.Addr { return c.remote }
