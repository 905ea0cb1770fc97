//go:build !unix || aix

package netmake

import "net"

// Waits reports whether somebody waits to be accepted, if known: here only an Accept
// tells.
func Waits(net.Listener) (waits, known bool) { return false, false }
