//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import "golang.org/x/sys/unix"

func read(fd int, p []byte, _ bool) (int, error) { return unix.Read(fd, p) }

func write(fd int, p []byte, _ bool) (int, error) { return unix.Write(fd, p) }
