package portable

import "syscall"

const (
	errNotConnected = syscall.ErrorString("socket is not connected")
	errBrokenPipe   = syscall.ErrorString("broken pipe")
)
