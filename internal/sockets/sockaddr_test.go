//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Addresses are converted to those of the system and back.

func TestAddressRoundTrip(t *testing.T) {
	for _, c := range []struct {
		addr   net.Addr
		family int
	}{
		{&net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 53}, unix.AF_INET},
		{&net.UDPAddr{IP: net.ParseIP("2001:db8::1"), Port: 53}, unix.AF_INET6},
		{&net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 53}, unix.AF_INET6}, // mapped, and back
		{&net.UnixAddr{Name: "/tmp/x", Net: "unixgram"}, unix.AF_UNIX},
	} {
		sa, err := sockaddr(c.addr, c.family)
		if err != nil {
			t.Errorf("%v: %v", c.addr, err)
			continue
		}
		if got := packetAddr(sa); got.String() != c.addr.String() || got.Network() != c.addr.Network() {
			t.Errorf("%v came back as %v (%s)", c.addr, got, got.Network())
		}
	}
}

func TestZones(t *testing.T) {
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	zones := map[string]uint32{"4000000": 4000000} // an unused interface index
	for _, i := range interfaces {
		zones[i.Name] = uint32(i.Index)
	}
	for zone, id := range zones {
		sa, err := sockaddr(&net.UDPAddr{IP: net.ParseIP("fe80::1"), Port: 1, Zone: zone}, unix.AF_INET6)
		if err != nil {
			t.Fatal(err)
		}
		if got := sa.(*unix.SockaddrInet6).ZoneId; got != id {
			t.Errorf("zone %s is number %d, want %d", zone, got, id)
		}
		if got := packetAddr(sa).(*net.UDPAddr).Zone; got != zone {
			t.Errorf("zone %s came back as %s", zone, got)
		}
	}
}

func TestAddressOfUnnamedSocket(t *testing.T) {
	if a := streamAddr(nil, "unix"); a.Network() != "unix" || a.String() != "" {
		t.Errorf("%s %q", a.Network(), a)
	}
	for family, name := range familyNames {
		_, err := sockaddr(&net.IPAddr{IP: net.IPv4(192, 0, 2, 1)}, family)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "192.0.2.1") {
			t.Errorf("%v; want an error that names the address and %s", err, name)
		}
	}
}

func TestFamilies(t *testing.T) {
	for family := range familyNames {
		fd, err := unix.Socket(family, unix.SOCK_DGRAM, 0)
		if err != nil {
			t.Logf("%s: %v", familyNames[family], err)
			continue
		}
		if got, err := familyOf(fd); got != family || err != nil {
			t.Errorf("a socket of %s is of %s, %v", familyNames[family], familyNames[got], err)
		}
		unix.Close(fd)
	}
	if _, err := familyOf(-1); err == nil {
		t.Error("no socket has a family")
	}
}

// identify returns the kind of a descriptor.
func TestIdentify(t *testing.T) {
	for sotype, want := range map[int]kind{unix.SOCK_STREAM: local, unix.SOCK_DGRAM: datagram, unix.SOCK_SEQPACKET: messages} {
		fds, err := unix.Socketpair(unix.AF_UNIX, sotype, 0)
		if err != nil {
			t.Logf("type %d: %v", sotype, err)
			continue
		}
		if k, _, _, err := identify(fds[0], "x"); k != want || err != nil {
			t.Errorf("type %d is kind %d, %v; want %d", sotype, k, err, want)
		}
		unix.Close(fds[0])
		unix.Close(fds[1])
	}
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	if k, near, far, err := identify(pipe[0], "a pipe"); k != file || err != nil || near.String() != "a pipe" || far.Network() != "file" {
		t.Errorf("a pipe is kind %d, %v, %v, %v", k, near, far, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fd, err := duplicate(c.(*net.TCPConn))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if k, near, far, err := identify(fd, "x"); k != tcp || err != nil || near.String() != c.LocalAddr().String() || far.String() != l.Addr().String() {
		t.Errorf("TCP is kind %d, %v, %v, %v", k, near, far, err)
	}
	for network, want := range map[string]kind{"tcp": tcp, "tcp6": tcp, "unix": local, "unixpacket": messages, "udp": datagram, "unixgram": datagram} {
		if got := kindOf(network); got != want || got.hasMessages() != (got == messages || got == datagram) {
			t.Errorf("%s is kind %d, want %d", network, got, want)
		}
	}
}
