//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestInterruptedProcess sends SIGINT to a process.
func TestInterruptedProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), actAsCommand+"=demo")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// By the time the first program has spoken a loop is running.
	lines, spoken := bufio.NewScanner(stdout), false
	for !spoken && lines.Scan() {
		spoken = strings.HasSuffix(lines.Text(), "s  hello")
	}
	if !spoken {
		t.Errorf("the demonstration ended before its first program spoke")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Try next") {
			t.Error("the demonstration ignored the signal")
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != statusInterrupted {
		t.Errorf("the process ended with %v, want exit status %d", err, statusInterrupted)
	}
	if !strings.Contains(errs.String(), "asyncio: interrupted") {
		t.Errorf("stderr %q", errs.String())
	}
}
