//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import "golang.org/x/sys/unix"

const fionread = 0x4004667f // of all these systems; package unix lacks it on some

// messageLen returns no less than the length of the next message.
func messageLen(fd int) (int, error) { return unix.IoctlGetInt(fd, fionread) }
