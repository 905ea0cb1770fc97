//go:build openbsd || dragonfly

package sockets

// These systems do not have these options for one socket, or use other units.
const (
	keepIdle     = -1
	keepInterval = -1
	keepCount    = -1
)
