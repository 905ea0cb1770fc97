//go:build !linux

package netmake

import "net"

// Seal is not possible on this system: connections enter the accept backlog until the
// socket is closed.
func Seal(int, net.Addr) bool { return false }
