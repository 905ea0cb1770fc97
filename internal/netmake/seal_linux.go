package netmake

import (
	"net"

	"golang.org/x/sys/unix"
)

// Seal stops connections from entering the accept backlog of a unix socket that listens;
// those in it can still be accepted. For TCP there is no such call.
func Seal(fd int, a net.Addr) bool {
	return a.Network() != "tcp" && unix.Shutdown(fd, unix.SHUT_RD) == nil
}
