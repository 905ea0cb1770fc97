package stall

import (
	"syscall"
	"time"
)

// ReadProcess reads the processor time of the process.
func ReadProcess() Usage {
	process, err := syscall.GetCurrentProcess()
	if err != nil {
		return Usage{}
	}
	var created, exited, kernel, user syscall.Filetime
	if syscall.GetProcessTimes(process, &created, &exited, &kernel, &user) != nil {
		return Usage{}
	}
	ticks := func(f syscall.Filetime) int64 { return int64(f.HighDateTime)<<32 | int64(f.LowDateTime) }
	return Usage{CPU: time.Duration(100 * (ticks(kernel) + ticks(user)))}
}
