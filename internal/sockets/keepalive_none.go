//go:build openbsd || dragonfly

package sockets

// These systems have no such settings of one socket, or other units.
const (
	keepIdle     = -1
	keepInterval = -1
	keepCount    = -1
)
