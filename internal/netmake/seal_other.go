//go:build !linux

package netmake

import "net"

// Seal returns false. Clients can connect on this system until the socket is closed.
func Seal(int, net.Addr) bool { return false }
