//go:build unix && !aix

package aionet

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// waits reports whether somebody waits in the listener's queue.
func waits(l net.Listener) bool {
	c, ok := l.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	ready := 0
	raw.Control(func(fd uintptr) {
		for err = unix.EINTR; err == unix.EINTR; {
			ready, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		}
	})
	return ready > 0
}
