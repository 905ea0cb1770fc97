package portable

import (
	"fmt"
	"os"
	"syscall"
)

// duplicate returns a file with a duplicate of the handle of a pipe or a console.
func duplicate(f *os.File) (*os.File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() || info.IsDir() {
		return nil, fmt.Errorf("aionet: %s cannot be waited for, as it is a regular file or a directory; use asyncio.ToThread", f.Name())
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var own syscall.Handle
	self, _ := syscall.GetCurrentProcess()
	if e := raw.Control(func(old uintptr) {
		err = syscall.DuplicateHandle(self, syscall.Handle(old), self, &own, 0, false, syscall.DUPLICATE_SAME_ACCESS)
	}); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, os.NewSyscallError("DuplicateHandle", err)
	}
	return os.NewFile(uintptr(own), f.Name()), nil
}
