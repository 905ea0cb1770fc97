package sockets

import "golang.org/x/sys/unix"

const (
	keepIdle     = unix.TCP_KEEPALIVE
	keepInterval = unix.TCP_KEEPINTVL
	keepCount    = unix.TCP_KEEPCNT
)
