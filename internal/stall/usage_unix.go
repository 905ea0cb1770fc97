//go:build unix

package stall

import (
	"syscall"
	"time"
)

// ReadProcess reads the processor time and the page faults of the process, in one system call.
func ReadProcess() Usage {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return Usage{}
	}
	return Usage{CPU: time.Duration(u.Utime.Nano() + u.Stime.Nano()), MajorFaults: int64(u.Majflt)}
}
