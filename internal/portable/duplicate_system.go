//go:build unix && !aix

package portable

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// duplicate returns a file with a duplicate of the descriptor of a pipe or a terminal.
func duplicate(f *os.File) (*os.File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() || info.IsDir() {
		return nil, fmt.Errorf("aionet: %s cannot be waited for, as it is a regular file or a directory; use asyncio.ToThread: %w", f.Name(), unix.EPERM)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	if e := raw.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		return nil, e
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}
