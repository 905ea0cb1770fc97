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

// addrPort returns an IP address with its port. ok is false if sa is another kind of address.
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

// streamAddr returns the address of a stream, as in package net.
func streamAddr(sa unix.Sockaddr, network string) net.Addr {
	if ap, ok := addrPort(sa); ok {
		return net.TCPAddrFromAddrPort(unmap(ap))
	}
	return unixAddr(sa, network)
}

// packetAddr returns the address of a datagram socket, as in package net.
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

// sockaddr returns an address for a system call with a socket of the family.
func sockaddr(to net.Addr, family int) (unix.Sockaddr, error) {
	switch to := to.(type) {
	case *net.UDPAddr:
		if to == nil {
			break
		}
		ip := to.AddrPort().Addr()
		switch {
		case len(to.IP) == 0 && family == unix.AF_INET: // this machine, as in package net
			return &unix.SockaddrInet4{Port: to.Port}, nil
		case len(to.IP) == 0 && family == unix.AF_INET6:
			return &unix.SockaddrInet6{Port: to.Port}, nil
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
		if to != nil && family == unix.AF_UNIX {
			return &unix.SockaddrUnix{Name: to.Name}, nil
		}
	}
	return nil, &net.AddrError{Err: fmt.Sprintf("a %T is not an address for a socket of %s", to, familyNames[family]), Addr: fmt.Sprint(to)}
}

var familyNames = map[int]string{unix.AF_INET: "IPv4", unix.AF_INET6: "IPv6", unix.AF_UNIX: "unixgram"}

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

// identify returns the kind and the addresses of a descriptor that another package has opened.
func identify(fd int, name string) (k kind, localAddr, remoteAddr net.Addr, err error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return file, fileAddr(name), fileAddr(name), nil
	}
	peer, err := unix.Getpeername(fd)
	if err != nil {
		return 0, nil, nil, os.NewSyscallError("getpeername", err)
	}
	switch t, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); {
	case t == unix.SOCK_SEQPACKET:
		return messages, streamAddr(sa, "unixpacket"), streamAddr(peer, "unixpacket"), nil
	case t != unix.SOCK_STREAM:
		return datagram, packetAddr(sa), packetAddr(peer), nil
	}
	if _, ok := addrPort(sa); ok {
		return tcp, streamAddr(sa, "tcp"), streamAddr(peer, "tcp"), nil
	}
	return local, streamAddr(sa, "unix"), streamAddr(peer, "unix"), nil
}

// fileAddr is the address of a pipe or a terminal: its name.
type fileAddr string

func (fileAddr) Network() string  { return "file" }
func (a fileAddr) String() string { return string(a) }
