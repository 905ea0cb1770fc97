//go:build !unix || aix

package aionet

import "net"

// waits reports whether somebody may wait in the listener's queue. Only an Accept tells.
func waits(net.Listener) bool { return true }
