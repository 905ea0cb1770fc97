package bench

import (
	"syscall"
	"testing"
	"time"
)

// cpuTime is the processor time that all threads of this process have used.
func cpuTime(b *testing.B) time.Duration {
	self, err := syscall.GetCurrentProcess()
	if err != nil {
		b.Fatalf("finding this process: %v", err)
	}
	var created, ended, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(self, &created, &ended, &kernel, &user); err != nil {
		b.Fatalf("reading the processor time of this process: %v", err)
	}
	// Filetime.Nanoseconds counts from 1970, which suits an instant and not a
	// length of time; the units are of 100 ns.
	length := func(f syscall.Filetime) time.Duration {
		return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
	}
	return length(kernel) + length(user)
}
