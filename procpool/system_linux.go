package procpool

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func supported(Options) error { return nil }

// executable returns a path of this program. It works even if the file was replaced or removed.
func executable() (string, error) { return "/proc/self/exe", nil }

// awaitExit blocks until the process has ended. It does not reap the process, so the pid is not reused.
// It calls changed when a signal has stopped the process, and when SIGCONT has continued it. It returns
// false if it cannot wait.
func awaitExit(pid int, changed func(stopped bool)) bool {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WSTOPPED|unix.WCONTINUED|unix.WNOWAIT, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || info.Code <= cldDumped:
			return err == nil
		}
		// WNOWAIT has left the state change pending. The next call consumes the latest one.
		info = unix.Siginfo{}
		if unix.Waitid(unix.P_PID, pid, &info, unix.WSTOPPED|unix.WCONTINUED|unix.WNOHANG, nil) == nil && info.Code != 0 {
			changed(info.Code == cldStopped)
		}
	}
}

// Codes of a Siginfo for a child. CLD_DUMPED is the highest code of a child that has ended.
const (
	cldDumped  = 3
	cldStopped = 5
)

// runtimeData is the size of the writable mappings of a Go program at its start: 72 MiB of the
// runtime, reserved and mostly unused. A program with large package variables, or with the race
// detector, starts with more.
const runtimeData = 72 << 20

// applyLimits sets the niceness and the memory limit of this process, a worker. RLIMIT_DATA counts
// writable private memory. RLIMIT_AS would also count memory that the runtime only reserves.
func applyLimits(o workerConfig) error {
	if err := setNice(o.Nice); err != nil {
		return err
	}
	if o.MemoryLimit == 0 {
		return nil
	}
	debug.SetMemoryLimit(o.MemoryLimit / 10 * 9)
	limit := uint64(o.MemoryLimit + max(runtimeData, statm(os.Getpid(), statmData)))
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		return fmt.Errorf("Options.MemoryLimit %d: %w", o.MemoryLimit, os.NewSyscallError("setrlimit", err))
	}
	return nil
}

// niceness converts the result of the system call getpriority.
func niceness(n int) int { return 20 - n }

// maxRSS returns the peak resident set size of the process in bytes.
func maxRSS(state *os.ProcessState) int64 {
	if u, ok := state.SysUsage().(*syscall.Rusage); ok {
		return int64(u.Maxrss) << 10
	}
	return 0
}

// rss returns the resident set size of a process in bytes.
// rss returns the resident set size of a process in bytes.
func rss(pid int) int64 { return statm(pid, statmResident) }

// Fields of /proc/PID/statm.
const (
	statmResident = 1
	statmData     = 5
)

// statm returns a field of /proc/PID/statm, in bytes. It returns 0 on failure.
func statm(pid, field int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	fields := bytes.Fields(b)
	if err != nil || len(fields) <= field {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[field]), 10, 64)
	return pages * int64(os.Getpagesize())
}
