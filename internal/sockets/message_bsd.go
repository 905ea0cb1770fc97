//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import "golang.org/x/sys/unix"

const fionread = 0x4004667f // the same on all these systems; on some, package unix does not define it

// messageLen returns an upper bound of the length of the next message.
func messageLen(fd int) (int, error) { return unix.IoctlGetInt(fd, fionread) }
