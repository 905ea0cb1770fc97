package sockets

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// read and write do not tell the scheduler: the descriptor does not block, so that the
// call takes no longer than a copy of the bytes, and telling costs more than a tenth
// of a short one.

func read(fd int, p []byte) (int, error) { return raw(unix.SYS_READ, fd, p) }

func write(fd int, p []byte) (int, error) { return raw(unix.SYS_WRITE, fd, p) }

func raw(call uintptr, fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
