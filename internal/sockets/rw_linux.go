package sockets

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// read and write make raw system calls, without notifying the scheduler. The descriptor is in
// non-blocking mode, so a call takes as long as copying the data. Notifying the scheduler would
// cost more than a tenth of a short call.
//
// If other processes share the open file, they may have set it to blocking mode. A raw system
// call that blocks would stop the whole program at the next garbage collection. So read and
// write notify the scheduler if shared is true.

func read(fd int, p []byte, shared bool) (int, error) {
	if shared {
		return unix.Read(fd, p)
	}
	return raw(unix.SYS_READ, fd, p)
}

func write(fd int, p []byte, shared bool) (int, error) {
	if shared {
		return unix.Write(fd, p)
	}
	return raw(unix.SYS_WRITE, fd, p)
}

func raw(call uintptr, fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
