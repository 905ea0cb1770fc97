//go:build unix

package aioexec

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup has the process lead a group, unless the command says something else. The
// settings are a copy: the caller's may be shared.
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
	}
	attr.Setpgid = true
	return true
}

func signalGroup(leader int, sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("aioexec: %v is not a signal of this system", sig)
	}
	return os.NewSyscallError("kill", syscall.Kill(-leader, s))
}
