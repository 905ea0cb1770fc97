package aioexec

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// prepare has the process lead a group of its own, and die with the thread that
// starts it.
func prepare(cmd *exec.Cmd) (group bool) {
	group = ownGroup(cmd)
	if cmd.SysProcAttr.Pdeathsig == 0 {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	return group
}

// awaitExit returns when the process has ended, and does not reap it.
func awaitExit(pid int) bool {
	for {
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
			return err == nil
		}
	}
}
