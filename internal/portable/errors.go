//go:build !plan9

package portable

import "syscall"

const (
	errNotConnected = syscall.ENOTCONN
	errBrokenPipe   = syscall.EPIPE
)
