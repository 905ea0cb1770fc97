//go:build unix

package aioexec

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup makes the process the leader of a new group, and reports whether it is one. It does not
// if cmd.SysProcAttr sets a group, or if the command uses this program's terminal. The system would
// stop a process of another group that reads the terminal. ownGroup replaces cmd.SysProcAttr by a
// copy, because the caller may use it elsewhere.
func ownGroup(cmd *exec.Cmd) bool {
	attr := syscall.SysProcAttr{}
	if cmd.SysProcAttr != nil {
		attr = *cmd.SysProcAttr
	}
	cmd.SysProcAttr = &attr
	switch {
	case attr.Setsid || attr.Foreground && attr.Pgid == 0:
		return true
	case attr.Setpgid || attr.Foreground:
		return attr.Pgid == 0
	case isTerminal(cmd.Stdin) || isTerminal(cmd.Stdout):
		return false
	}
	attr.Setpgid = true
	return true
}

// isTerminal reports whether the stream of a command is the controlling terminal of this program. It
// does not change the blocking mode.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok || f == nil {
		return false
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	controls := false
	raw.Control(func(fd uintptr) {
		_, err := unix.IoctlGetInt(int(fd), unix.TIOCGPGRP) // it fails for any other terminal
		controls = err == nil
	})
	return controls
}

func signalGroup(leader int, sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("aioexec: %v is not a signal of this system", sig)
	}
	return os.NewSyscallError("kill", syscall.Kill(-leader, s))
}
