package netmake

import (
	"net"

	"golang.org/x/sys/unix"
)

// Seal makes a listening unix socket refuse new connections, and reports whether it did. The
// connections in the accept backlog can still be accepted. For TCP there is no such call.
func Seal(fd int, a net.Addr) bool {
	return a.Network() != "tcp" && unix.Shutdown(fd, unix.SHUT_RD) == nil
}
