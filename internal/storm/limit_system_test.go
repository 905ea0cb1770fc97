//go:build linux || darwin

package storm

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// spare is the minimum number of descriptors of a starved server.
const spare = 8

// fewDescriptors limits the process to the open descriptors, n for clients, and spare more, until
// undo is called.
func fewDescriptors(n int) (undo func()) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		panic(err)
	}
	highest := 0
	files, _ := os.ReadDir("/proc/self/fd")
	for _, f := range files {
		fd, _ := strconv.Atoi(f.Name())
		highest = max(highest, fd)
	}
	if highest == 0 {
		return func() {} // this system does not list the descriptors
	}
	few := before
	few.Cur = uint64(highest + 1 + n + spare)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		panic(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			panic(err)
		}
	}
}
