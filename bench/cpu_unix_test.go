//go:build unix

package bench

import (
	"syscall"
	"testing"
	"time"
)

// cpuTime is the processor time that all threads of this process have used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatalf("reading the processor time of this process: %v", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
