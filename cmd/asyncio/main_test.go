package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio/procpool"
)

// actAsCommand is an environment variable that makes the test binary the command.
const actAsCommand = "ASYNCIO_TEST_COMMAND"

func TestMain(m *testing.M) {
	procpool.Main() // the workers of the tests are the tests, started again
	if args, ok := os.LookupEnv(actAsCommand); ok {
		os.Exit(run(strings.Fields(args), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// command runs the command and returns its status and output.
func command(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(args, &out, &err)
	return status, out.String(), err.String()
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"help"}, {"-h"}, {"--help"}, {"help", "demo"}, {"demo", "-h"}, {"demo", "blocking", "-help"}} {
		status, stdout, stderr := command(args...)
		if status != statusOK || stderr != "" {
			t.Errorf("%q: status %d, stderr %q", args, status, stderr)
		}
		for _, word := range []string{"demo concepts", "demo blocking", "-full", "-n N", "-interval D", "-jobs K", "-report FILE", "shorter", "version"} {
			if !strings.Contains(stdout, word) {
				t.Errorf("%q: the usage does not mention %q", args, word)
			}
		}
		if strings.Contains(stdout, "PROGRAM") {
			t.Errorf("%q: the usage does not name the program", args)
		}
	}
}

func TestVersion(t *testing.T) {
	status, stdout, stderr := command("version")
	if status != statusOK || stderr != "" || !strings.HasPrefix(stdout, "asyncio ") || strings.Count(stdout, "\n") != 1 {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

func TestInvalidCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string // in the error
	}{
		{[]string{"dmeo"}, `unknown command "dmeo": must be demo, version or help`},
		{[]string{"-full"}, `unknown command "-full"`},
		{[]string{"version", "2"}, `argument "2" after version`},
		{[]string{"demo", "blokcing"}, `unknown part "blokcing" of demo: must be concepts or blocking`},
		{[]string{"demo", "blocking", "-n", "ten"}, `invalid value "ten" for flag -n: must be a whole number`},
		{[]string{"demo", "-fast"}, `unknown flag -fast of demo`},
	} {
		status, stdout, stderr := command(c.args...)
		if status != statusUsage || stdout != "" || !strings.HasPrefix(stderr, "asyncio: ") || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, stdout %q, stderr %q; want status 2 and %q", c.args, status, stdout, stderr, c.want)
		}
	}
}

func TestProgramName(t *testing.T) {
	for arg0, want := range map[string]string{
		"/tmp/go-build123/b001/exe/asyncio": "go run ./cmd/asyncio",
		"/usr/local/bin/asyncio":            "asyncio",
		"asyncio.exe":                       "asyncio",
	} {
		if got := programName(arg0); got != want {
			t.Errorf("programName(%q) = %q, want %q", arg0, got, want)
		}
	}
}
