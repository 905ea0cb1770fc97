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
	if raw.Control(func(fd uintptr) { waits, err = Readable(int(fd)) }) != nil {
		return false, false
	}
	return waits, err == nil
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
