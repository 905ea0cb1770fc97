package sockets

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// read and write do not tell the scheduler: the descriptor does not block, so that the
// call takes no longer than a copy of the bytes, and telling costs more than a tenth
// of a short one. One whose file others share may have been set to block by them. That
// is told, as else not only the loop would stop but, at the next collection of
// garbage, the whole program.

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
