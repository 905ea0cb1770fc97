package sockets

import "golang.org/x/sys/unix"

// messageLen returns the length of the next message.
func messageLen(fd int) (int, error) {
	n, _, err := unix.Recvfrom(fd, nil, unix.MSG_PEEK|unix.MSG_TRUNC)
	return n, err
}
