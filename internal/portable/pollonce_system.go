//go:build unix && !aix

package portable

import "golang.org/x/sys/unix"

// pollOnce returns a function for RawConn.Read or Write that reports whether the descriptor is
// ready.
func pollOnce(read bool) func(fd uintptr) (ready bool) {
	events := int16(unix.POLLOUT)
	if read {
		events = unix.POLLIN
	}
	return func(fd uintptr) bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, 0)
		return n > 0 || err != nil && err != unix.EINTR
	}
}
