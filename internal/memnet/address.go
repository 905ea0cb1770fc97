package memnet

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// A portKey is a port or the name of a unix socket, without the host.
type portKey struct {
	kind kind
	port uint16 // of the internet
	name string // of a unix socket
}

// A kind is a kind of socket. Sockets of different kinds cannot connect.
type kind uint8

const (
	tcp kind = iota
	udp
	unixStream
	unixPacket
	unixgram
	pair // made connected
)

// local reports whether it is a connection within one host. It has no latency, and a close is
// known to the peer at once.
func (k kind) local() bool { return k == unixStream || k == unixPacket }

// A binding is a listener or a datagram socket at an address.
type binding struct {
	ip       netip.Addr // not of unix sockets; unspecified: every host of this network
	only6    bool       // an unspecified address does not stand for IPv4
	reuse    bool       // others may share the address
	listener *listener
	packets  *packets
}

// covers reports whether b receives what is sent to ip.
func (b *binding) covers(ip netip.Addr) bool {
	return b.ip == ip || b.ip.IsUnspecified() && (b.ip.Is4() == ip.Is4() || b.ip.Is6() && !b.only6)
}

// The ephemeral ports.
const (
	firstPort = 49152
	lastPort  = 65535
)

// kindOf returns the kind of socket of a network name, and its family: 4, 6, or 0 for both.
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

// split returns the host and the port of an address.
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

// lookup resolves a host. The empty name has the unspecified address. For an unknown name lookup
// returns an error, or defines it if make is true. It is called with the lock.
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

// loopbackFor returns the loopback address if ip is unspecified, or else ip.
func loopbackFor(ip netip.Addr) netip.Addr {
	switch {
	case !ip.IsUnspecified():
		return ip
	case ip.Is4():
		return loopback4
	}
	return loopback6
}

// bindingAt returns the binding that receives what is sent to an address: one with exactly this
// address, or else one with the unspecified address. Bindings that share the address take turns.
// It is called with the lock.
func (n *Network) bindingAt(key portKey, ip netip.Addr) *binding {
	there := n.bindings[key]
	for _, exact := range []bool{true, false} {
		for i, b := range there {
			if exact && b.ip == ip || !exact && b.covers(ip) {
				if b.reuse { // take turns
					copy(there[i:], there[i+1:])
					there[len(there)-1] = b
				}
				return b
			}
		}
	}
	return nil
}

// bind adds b at key. If key has no port, bind chooses a free one. It reports false if the address
// is in use. It is called with the lock.
func (n *Network) bind(key portKey, b *binding) (portKey, bool) {
	if key.port == 0 && key.name == "" {
		for range lastPort - firstPort + 1 {
			if key.port = n.nextPort(); n.isFree(key, b) {
				break
			}
		}
	}
	if !n.isFree(key, b) {
		return key, false
	}
	n.bindings[key] = append(n.bindings[key], b)
	return key, true
}

func (n *Network) nextPort() uint16 {
	if n.lastPort++; n.lastPort < firstPort {
		n.lastPort = firstPort
	}
	return n.lastPort
}

func (n *Network) isFree(key portKey, b *binding) bool {
	for _, other := range n.bindings[key] {
		if (other.covers(b.ip) || b.covers(other.ip)) && !(other.reuse && b.reuse) {
			return false
		}
	}
	return true
}

// unbind removes b. It is called with the lock.
func (n *Network) unbind(key portKey, b *binding) {
	there := n.bindings[key]
	for i, other := range there {
		if other == b {
			there = append(there[:i], there[i+1:]...)
			break
		}
	}
	if len(there) == 0 {
		delete(n.bindings, key)
	} else {
		n.bindings[key] = there
	}
}

// ipAddr returns the net.Addr of a TCP or UDP socket.
func ipAddr(k kind, ip netip.Addr, port uint16) net.Addr {
	if k == udp {
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port))
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, port))
}

// addrKey returns the key of an address in Network.refused.
func addrKey(ip netip.Addr, port uint16, name string) string {
	if ip.IsValid() {
		return netip.AddrPortFrom(ip, port).String()
	}
	return "unix " + name
}
