//go:build !unix || aix

package netmake

import "net"

// HasBacklog returns known as false: this system cannot report whether the accept backlog of a
// listener is empty.
func HasBacklog(net.Listener) (has, known bool) { return false, false }
