//go:build unix && !linux

package aioexec

import "os/exec"

func prepare(cmd *exec.Cmd) (group bool) { return ownGroup(cmd) }

// awaitExit: here the end is learned by reaping.
func awaitExit(int) bool { return false }
