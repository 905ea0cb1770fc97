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

// packets is a datagram socket. UDP datagrams may be lost, duplicated or reordered, and are lost
// if the receiver's buffer is full. Datagrams of unix sockets are not lost: the sender waits.
type packets struct {
	socket
	kind        kind
	addr        net.Addr
	key         portKey
	bound       *binding
	remote      net.Addr // nil: not connected
	queue       []datagram
	size        int        // bytes in the queue
	senders     []*packets // sockets that wait for room in the queue
	writeClosed bool
}

// A datagram can be read when its arrival time has come.
type datagram struct {
	at   int64
	from net.Addr
	data []byte
}

// mostData is what fits in a datagram of the internet.
const maxData = 65507

func (p *port) ListenPacket(ctx context.Context, network, addr string, o netport.Options) (netport.Packets, error) {
	if err := yield(ctx); err != nil {
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

// packets makes a socket with the address. It is called with the lock.
func (p *port) packets(network string, k kind, family int, addr string, o netport.Options) (*packets, error) {
	s := &packets{socket: socket{port: p}, kind: k}
	s.self = s
	var err error
	if s.key, s.bound, s.addr, err = p.net.bindAddr(network, k, family, addr, o, &binding{packets: s}); err != nil {
		return nil, err
	}
	s.register()
	return s, nil
}

// dialPackets makes a socket that is connected to one peer.
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
		if n.bindingAt(portKey{kind: k, name: addr}, netip.Addr{}) == nil {
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
		ip := loopbackFor(ips[0])
		if host == "" && family == 0 {
			ip = loopback4
		}
		remote = ipAddr(k, ip, port)
		local, err := localFor(ip, o.Local)
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

func (s *packets) advance(now int64) {
	s.readable = s.readable || len(s.queue) > 0 && s.queue[0].at <= now
}

func (s *packets) nextArrival() int64 {
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
	s.wakeSenders()
	return copy(p, d.data), d.from, nil
}

// wakeSenders notifies the sockets that wait for room. It is called with the lock.
func (s *packets) wakeSenders() {
	for _, w := range s.senders {
		if !w.closed {
			w.writable = true
			w.port.notifySoon(&w.socket)
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
	there, ip, err := s.receiverAt(to)
	if err != nil {
		return 0, err
	}
	if s.kind == unixgram {
		return s.sendUnix(there, p)
	}
	return s.sendUDP(there, ip, p)
}

// receiverAt returns the socket at the address, or nil. It is called with the lock.
func (s *packets) receiverAt(to net.Addr) (there *packets, ip netip.Addr, err error) {
	key := portKey{kind: s.kind}
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
		key.port = uint16(a.Port)
		switch {
		case s.kind != udp || !ip.IsValid() || s.bound.ip.Is4() && !ip.Is4():
			err = errAddress(to)
		case a.Port == 0:
			err = os.NewSyscallError("sendto", syscall.EINVAL)
		}
		ip = loopbackFor(ip)
	case *net.UnixAddr:
		if a == nil || s.kind != unixgram {
			err = errAddress(to)
			break
		}
		key.name = a.Name
	default:
		err = errAddress(to)
	}
	if err != nil {
		return nil, ip, err
	}
	if b := s.port.net.bindingAt(key, ip); b != nil {
		there = b.packets
	}
	return there, ip, nil
}

func errAddress(to net.Addr) error {
	return &net.AddrError{Err: fmt.Sprintf("a %T is not an address for this socket", to), Addr: fmt.Sprint(to)}
}

// sendUnix puts a datagram into the queue of a unix socket. It is called with the lock.
func (s *packets) sendUnix(to *packets, p []byte) (int, error) {
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
	to.enqueue(datagram{n.now(), s.addr, bytes.Clone(p)})
	return len(p), nil
}

// sendUDP sends a UDP datagram. It is called with the lock.
func (s *packets) sendUDP(to *packets, ip netip.Addr, p []byte) (int, error) {
	n := s.port.net
	switch {
	case len(p) > maxData:
		return 0, os.NewSyscallError("sendto", syscall.EMSGSIZE)
	case n.blocked || n.rand.chance(n.cfg.Loss):
		return len(p), nil
	case to == nil:
		s.notifyRefused(n.now() + n.rand.delay() + n.rand.delay())
		return len(p), nil
	}
	from := s.addr
	if s.bound.ip.IsUnspecified() {
		own := loopback6
		if ip.Is4() {
			own = loopback4
		}
		from = ipAddr(udp, own, s.key.port)
	}
	copies := 1
	if n.rand.chance(n.cfg.Duplicate) {
		copies = 2
	}
	for range copies {
		at := n.now() + n.rand.delay()
		if n.rand.chance(n.cfg.Reorder) {
			at += n.rand.extraDelay()
		}
		to.enqueue(datagram{at, from, bytes.Clone(p)})
	}
	return len(p), nil
}

// enqueue puts a datagram into the queue. It discards the datagram if there is no room or the
// socket is connected to another peer. It is called with the lock.
func (s *packets) enqueue(d datagram) {
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
	s.notifyAt(d.at)
}

// notifyRefused makes a later call of a connected socket return ECONNREFUSED, because no socket
// has the address.
func (s *packets) notifyRefused(at int64) {
	if s.remote != nil {
		s.queue = append(s.queue, datagram{at: at})
		s.notifyAt(at)
	}
}

// Close closes the socket and discards its queue.
func (s *packets) Close() error {
	n := s.port.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if !s.unregister() {
		return net.ErrClosed
	}
	n.unbind(s.key, s.bound)
	s.wakeSenders()
	s.queue = nil
	return nil
}

func (s *packets) LocalAddr() net.Addr { return s.addr }

// connected is a datagram socket that is connected to one peer.
type connected struct{ *packets }

// Read reads one datagram. If no socket has the address of the peer it returns ECONNREFUSED.
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
	shut := c.writeClosed
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

// CloseWrite makes later writes fail with EPIPE.
func (c connected) CloseWrite() error {
	c.port.net.mu.Lock()
	defer c.port.net.mu.Unlock()
	c.writeClosed = true
	return nil
}

// CloseRead does nothing, because package aionet does not read after it.
func (c connected) CloseRead() error { return nil }

func (c connected) RemoteAddr() net.Addr { return c.remote }
