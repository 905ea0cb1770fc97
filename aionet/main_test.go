package aionet_test

import (
	"os"
	"os/exec"
	"testing"
)

// The test binary is more programs than one: what spoils a process, as running out of
// descriptors does, happens in a process of its own.
const programEnv = "AIONET_TEST_PROGRAM"

var programs = map[string]func(){}

func TestMain(m *testing.M) {
	if program := programs[os.Getenv(programEnv)]; program != nil {
		program()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runProgram runs one of them and returns what it printed.
func runProgram(t *testing.T, name string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), programEnv+"="+name, "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
