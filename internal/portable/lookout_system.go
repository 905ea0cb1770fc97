//go:build unix && !aix

package portable

import "golang.org/x/sys/unix"

// lookOut reports, to package net, whether a descriptor is ready: it forgets what it
// knew before it asks.
func lookOut(read bool) func(fd uintptr) (ready bool) {
	events := int16(unix.POLLOUT)
	if read {
		events = unix.POLLIN
	}
	return func(fd uintptr) bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, 0)
		return n > 0 || err != nil && err != unix.EINTR
	}
}
