//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// addrPort reads an internet address; ok is false for another kind.
func addrPort(sa unix.Sockaddr) (_ netip.AddrPort, ok bool) {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), true
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(sa.Addr)
		if sa.ZoneId != 0 {
			ip = ip.WithZone(zone(int(sa.ZoneId)))
		}
		return netip.AddrPortFrom(ip, uint16(sa.Port)), true
	}
	return netip.AddrPort{}, false
}

func zone(index int) string {
	if i, err := net.InterfaceByIndex(index); err == nil {
		return i.Name
	}
	return strconv.Itoa(index)
}

// streamAddr is the address of a stream as package net has it.
func streamAddr(sa unix.Sockaddr) net.Addr {
	if ap, ok := addrPort(sa); ok {
		return net.TCPAddrFromAddrPort(unmap(ap))
	}
	return unixAddr(sa, "unix")
}

// packetAddr is the address of a datagram as package net has it.
func packetAddr(sa unix.Sockaddr) net.Addr {
	if ap, ok := addrPort(sa); ok {
		return net.UDPAddrFromAddrPort(unmap(ap))
	}
	return unixAddr(sa, "unixgram")
}

func unmap(ap netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

func unixAddr(sa unix.Sockaddr, network string) net.Addr {
	if u, ok := sa.(*unix.SockaddrUnix); ok {
		return &net.UnixAddr{Name: u.Name, Net: network}
	}
	return &net.UnixAddr{Net: network}
}

// sockaddr is the address for a socket of the family.
func sockaddr(to net.Addr, family int) (unix.Sockaddr, error) {
	switch to := to.(type) {
	case *net.UDPAddr:
		ip := to.AddrPort().Addr()
		switch {
		case family == unix.AF_INET && (ip.Is4() || ip.Is4In6()):
			return &unix.SockaddrInet4{Port: to.Port, Addr: ip.As4()}, nil
		case family == unix.AF_INET6 && ip.IsValid():
			sa := &unix.SockaddrInet6{Port: to.Port, Addr: ip.As16()}
			if to.Zone != "" {
				sa.ZoneId = zoneID(to.Zone)
			}
			return sa, nil
		}
	case *net.UnixAddr:
		if family == unix.AF_UNIX {
			return &unix.SockaddrUnix{Name: to.Name}, nil
		}
	}
	return nil, &net.AddrError{Err: fmt.Sprintf("a %T is not an address for this socket", to), Addr: fmt.Sprint(to)}
}

func zoneID(name string) uint32 {
	if i, err := net.InterfaceByName(name); err == nil {
		return uint32(i.Index)
	}
	n, _ := strconv.ParseUint(name, 10, 32)
	return uint32(n)
}

func familyOf(fd int) (int, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	switch sa.(type) {
	case *unix.SockaddrInet4:
		return unix.AF_INET, nil
	case *unix.SockaddrInet6:
		return unix.AF_INET6, nil
	}
	return unix.AF_UNIX, nil
}

// inspect finds out what a descriptor is that somebody brought.
func inspect(fd int, name string) (k kind, near, far net.Addr) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return file, fileAddr(name), fileAddr(name)
	}
	peer, _ := unix.Getpeername(fd)
	if t, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); t != unix.SOCK_STREAM {
		return datagram, packetAddr(sa), packetAddr(peer)
	}
	if _, ok := addrPort(sa); ok {
		return tcp, streamAddr(sa), streamAddr(peer)
	}
	return local, streamAddr(sa), streamAddr(peer)
}

// fileAddr is the address of what is no socket.
type fileAddr string

func (fileAddr) Network() string  { return "file" }
func (a fileAddr) String() string { return string(a) }
