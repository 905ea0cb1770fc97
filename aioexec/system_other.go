//go:build !unix

package aioexec

import (
	"errors"
	"os"
	"os/exec"
)

func prepare(*exec.Cmd) (group bool) { return false }

func awaitExit(int) bool { return false }

func signalGroup(int, os.Signal) error { return errors.ErrUnsupported }
