package aionet_test

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal returns a pseudo-terminal in blocking mode.
func terminal(t *testing.T) *os.File {
	t.Helper()
	main, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		lacks(t, "no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { unix.Close(main) })
	number, err := unix.IoctlGetInt(main, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(main, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("/dev/pts/%d", number)
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), name)
}
