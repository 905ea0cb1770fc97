package aioexec

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// prepare makes the process the leader of a new group, and makes the system kill it when the
// thread that starts it ends.
func prepare(cmd *exec.Cmd) (group bool) {
	group = ownGroup(cmd)
	if cmd.SysProcAttr.Pdeathsig == 0 {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	return group
}

// awaitExit blocks until the process has ended. It does not reap the process. It returns false
// if it cannot wait.
func awaitExit(pid int) bool {
	for {
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
			return err == nil
		}
	}
}
