//go:build unix && !aix

package netmake

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// HasBacklog reports whether the accept backlog of a listener has connections. If known is false,
// the system does not report it.
func HasBacklog(l net.Listener) (has, known bool) {
	c, ok := l.(syscall.Conn)
	if !ok {
		return false, false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false, false
	}
	if raw.Control(func(fd uintptr) { has, err = Readable(int(fd)) }) != nil {
		return false, false
	}
	return has, err == nil
}

// Readable reports whether a read from the socket, or an accept, would not block.
func Readable(fd int) (bool, error) {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		if err != unix.EINTR {
			return n > 0, err
		}
	}
}
