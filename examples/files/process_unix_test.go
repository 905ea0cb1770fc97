//go:build unix

package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// actAsProgram is set for a copy of the test binary that is to be the program.
const actAsProgram = "FILES_TEST_ARGS"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(actAsProgram); ok {
		os.Exit(run(strings.Fields(args), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// However the program is ended from outside, the large file goes with it.
func TestEndedFromOutside(t *testing.T) {
	for name, end := range map[string]func(p *os.Process, stdout *os.File) error{
		"a closed pipe": func(_ *os.Process, stdout *os.File) error { return stdout.Close() },
		"SIGTERM":       func(p *os.Process, _ *os.File) error { return p.Signal(syscall.SIGTERM) },
		"SIGHUP":        func(p *os.Process, _ *os.File) error { return p.Signal(syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), actAsProgram+"=-mb 30", "TMPDIR="+dir)
			stdout, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer stdout.Close()
			cmd.Stdout = write
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			write.Close()
			if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil { // it reads the file now
				t.Errorf("it printed %q, %v", line, err)
			}
			if err := end(cmd.Process, stdout); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Error(err)
			}
			cmd.Wait() // its status depends on how far it was
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}
