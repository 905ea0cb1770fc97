package portable

import (
	"net"

	"golang.org/x/sys/unix"
)

// growFor blocks until a message has arrived. It returns p if the message fits, or a longer
// buffer.
func growFor(c *net.UnixConn, p []byte) []byte {
	raw, err := c.SyscallConn()
	if err != nil {
		return p
	}
	n := 0
	raw.Read(func(fd uintptr) bool {
		for {
			n, _, err = unix.Recvfrom(int(fd), nil, unix.MSG_PEEK|unix.MSG_TRUNC)
			if err != unix.EINTR {
				return err != unix.EAGAIN
			}
		}
	})
	if n > len(p) {
		return make([]byte, n)
	}
	return p
}
