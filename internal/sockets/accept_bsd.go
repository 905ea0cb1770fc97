//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func accept(fd int) (int, unix.Sockaddr, error) {
	syscall.ForkLock.RLock() // otherwise a process started before CloseOnExec would inherit it
	defer syscall.ForkLock.RUnlock()
	c, from, err := unix.Accept(fd)
	if err != nil {
		return -1, nil, err
	}
	unix.CloseOnExec(c)
	if err := unix.SetNonblock(c, true); err != nil {
		unix.Close(c)
		return -1, nil, err
	}
	return c, from, nil
}

func inheritKeepAlive(fd int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1))
}
