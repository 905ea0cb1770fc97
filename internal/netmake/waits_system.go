//go:build unix && !aix

package netmake

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// Waits reports whether somebody waits to be accepted, if known.
func Waits(l net.Listener) (waits, known bool) {
	c, ok := l.(syscall.Conn)
	if !ok {
		return false, false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false, false
	}
	n := 0
	if raw.Control(func(fd uintptr) {
		for err = unix.EINTR; err == unix.EINTR; {
			n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		}
	}) != nil {
		return false, false
	}
	return n > 0, err == nil
}
