package memnet

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// place is where somebody can listen, but for the host.
type place struct {
	kind kind
	port uint16 // of the internet
	name string // of a unix socket
}

// kind is what sort of socket it is. Sockets of different kinds do not meet.
type kind uint8

const (
	tcp kind = iota
	udp
	unixStream
	unixPacket
	unixgram
	pair // connected from the beginning
)

// local reports whether it is a connection within one host, which nothing delays and
// whose other side is known to be closed as soon as it is.
func (k kind) local() bool { return k == unixStream || k == unixPacket }

// binding is somebody at a place.
type binding struct {
	ip       netip.Addr // of the internet; unspecified: every host of this network
	only6    bool       // an unspecified address does not stand for IPv4
	reuse    bool       // others may share the address
	listener *listener
	packets  *packets
}

// covers reports whether what is sent to ip arrives at b.
func (b *binding) covers(ip netip.Addr) bool {
	return b.ip == ip || b.ip.IsUnspecified() && (b.ip.Is4() == ip.Is4() || b.ip.Is6() && !b.only6)
}

// Ports that are given out.
const (
	firstPort = 49152
	lastPort  = 65535
)

// kindOf tells the kind of socket that package net calls network, and its family: 4, 6,
// or 0 for both.
func kindOf(network string) (k kind, family int, ok bool) {
	switch strings.TrimRight(network, "46") {
	case "tcp":
		k = tcp
	case "udp":
		k = udp
	default:
		switch network {
		case "unix":
			return unixStream, 0, true
		case "unixpacket":
			return unixPacket, 0, true
		case "unixgram":
			return unixgram, 0, true
		case "pair":
			return pair, 0, true
		}
		return 0, 0, false
	}
	switch network[3:] {
	case "":
		return k, 0, true
	case "4", "6":
		return k, int(network[3] - '0'), true
	}
	return 0, 0, false
}

// split separates host and port.
func split(network, addr string) (host string, port uint16, err error) {
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	number := 0
	if service != "" {
		if number, err = strconv.Atoi(service); err != nil {
			number, err = net.LookupPort(network, service)
		}
	}
	if err != nil {
		return "", 0, err
	}
	if number < 0 || number > lastPort {
		return "", 0, &net.AddrError{Err: "invalid port", Addr: service}
	}
	return host, uint16(number), nil
}

var (
	loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	loopback6 = netip.IPv6Loopback()
)

// lookup resolves a host. The empty name gives the unspecified address. A name that
// nobody listened on is not found, unless it is to be made. With the lock.
func (n *Network) lookup(host string, family int, make bool) ([]netip.Addr, error) {
	var found []netip.Addr
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	switch ip, err := netip.ParseAddr(host); {
	case err == nil:
		found = []netip.Addr{ip.Unmap()}
	case host == "" && family == 4:
		found = []netip.Addr{netip.IPv4Unspecified()}
	case host == "":
		found = []netip.Addr{netip.IPv6Unspecified()}
	case name == "localhost":
		found = []netip.Addr{loopback4, loopback6}
	default:
		ip, known := n.hosts[name]
		if !known {
			if !make {
				return nil, &net.DNSError{Err: "no such host", Name: host, Server: "the network in memory", IsNotFound: true}
			}
			k := len(n.hosts) + 1
			ip = netip.AddrFrom4([4]byte{10, byte(k >> 16), byte(k >> 8), byte(k)})
			n.hosts[name] = ip
		}
		found = []netip.Addr{ip}
	}
	var suitable []netip.Addr
	for _, ip := range found {
		if family == 0 || family == 4 && ip.Is4() || family == 6 && ip.Is6() {
			suitable = append(suitable, ip)
		}
	}
	if len(suitable) == 0 {
		return nil, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	return suitable, nil
}

// here is the address by which a host without one is reached from itself.
func here(ip netip.Addr) netip.Addr {
	switch {
	case !ip.IsUnspecified():
		return ip
	case ip.Is4():
		return loopback4
	}
	return loopback6
}

// at returns who is reached at an address: who has it, before who has every address.
// With several who share it, in turn. With the lock.
func (n *Network) at(where place, ip netip.Addr) *binding {
	there := n.places[where]
	for _, exact := range []bool{true, false} {
		for i, b := range there {
			if exact && b.ip == ip || !exact && b.covers(ip) {
				if b.reuse { // the next one's turn
					copy(there[i:], there[i+1:])
					there[len(there)-1] = b
				}
				return b
			}
		}
	}
	return nil
}

// bind gives b a place, with a port of its own if it has none. With the lock.
func (n *Network) bind(where place, b *binding) (place, bool) {
	if where.port == 0 && where.name == "" {
		for range lastPort - firstPort + 1 {
			if where.port = n.anyPort(); n.free(where, b) {
				break
			}
		}
	}
	if !n.free(where, b) {
		return where, false
	}
	n.places[where] = append(n.places[where], b)
	return where, true
}

func (n *Network) anyPort() uint16 {
	if n.lastPort++; n.lastPort < firstPort {
		n.lastPort = firstPort
	}
	return n.lastPort
}

func (n *Network) free(where place, b *binding) bool {
	for _, other := range n.places[where] {
		if (other.covers(b.ip) || b.covers(other.ip)) && !(other.reuse && b.reuse) {
			return false
		}
	}
	return true
}

// unbind gives the place up. With the lock.
func (n *Network) unbind(where place, b *binding) {
	there := n.places[where]
	for i, other := range there {
		if other == b {
			there = append(there[:i], there[i+1:]...)
			break
		}
	}
	if len(there) == 0 {
		delete(n.places, where)
	} else {
		n.places[where] = there
	}
}

// internet is the address of a socket of the kind.
func internet(k kind, ip netip.Addr, port uint16) net.Addr {
	if k == udp {
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port))
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, port))
}

// key names an address as it is reached.
func key(ip netip.Addr, port uint16, name string) string {
	if ip.IsValid() {
		return netip.AddrPortFrom(ip, port).String()
	}
	return "unix " + name
}
