// Package basics tests the programs of the folders below as their users meet
// them: built, run as processes, and held against what examples/README.md says
// they print. What depends on time is tested exactly, in virtual time, beside
// each program.
package basics

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "github.com/asyncio-go/asyncio" // so that a change of the library makes a cached test result stale
)

// programs lists every program with the arguments that keep its test short.
var programs = []struct {
	name   string
	args   []string
	status int
	stderr []string // each must stand there; none: no error may
}{
	{name: "greet"},
	{name: "sequence-and-gather"},
	{name: "coroutine-and-task"},
	{name: "forgotten", status: 1, stderr: []string{"disk full", "save", "forgotten/main.go:"}},
	{name: "forgotten-cured"},
	{name: "shared-counter"},
	{name: "blocking", args: []string{"-n", "1000000"}},
	{name: "thread", args: []string{"-n", "1000000"}},
	{name: "processes", args: []string{"-n", "1000000"}},
	{name: "cooperative", args: []string{"-n", "1000000"}},
	{name: "choosing", args: []string{"-n", "1000000"}},
}

var binaries string // the folder with the built programs

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "basics")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binaries = dir
		if out, err := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./...").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build ./...: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// The programs mostly wait, so all of them run at once.
func TestProgramsPrintWhatTheReadmeSays(t *testing.T) {
	type process struct {
		*exec.Cmd
		stdout, stderr bytes.Buffer
	}
	running := make([]process, len(programs))
	for i, p := range programs {
		run := &running[i]
		run.Cmd = exec.CommandContext(t.Context(), filepath.Join(binaries, p.name), p.args...)
		run.Stdout, run.Stderr = &run.stdout, &run.stderr
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			run := &running[i]
			status := 0
			if err := run.Wait(); err != nil {
				exit, ok := errors.AsType[*exec.ExitError](err)
				if !ok {
					t.Fatal(err)
				}
				status = exit.ExitCode()
			}
			if status != p.status {
				t.Errorf("exit status %d, want %d", status, p.status)
			}
			stderr := run.stderr.String()
			if p.stderr == nil && strings.Contains(stderr, "ERROR") { // a warning of a slow machine is no error
				t.Errorf("stderr reports an error:\n%s", stderr)
			}
			for _, want := range p.stderr {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr does not mention %q:\n%s", want, stderr)
				}
			}
			got, want := timeless(run.stdout.String()), timeless(readmeOutput(t, p.name))
			if got != want {
				t.Errorf("without its times and ticks it prints:\n%s\nwant, by README.md:\n%s", got, want)
			}
		})
	}
}

func TestEveryProgramIsTestedAndInTheReadme(t *testing.T) {
	folders, err := filepath.Glob("*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme := readFile(t, "../README.md")
	tested := map[string]bool{}
	for _, p := range programs {
		tested[p.name] = true
	}
	for _, file := range folders {
		name := filepath.Dir(file)
		if !tested[name] {
			t.Errorf("%s is not in the list of tested programs", name)
		}
		for _, want := range []string{"| [" + name + "](basics/" + name + "/main.go)", "`go run ./basics/" + name + "`"} {
			if !strings.Contains(readme, want) {
				t.Errorf("README.md lacks %q", want)
			}
		}
		if command := "//\tgo run ./basics/" + name + "\n"; !strings.Contains(readFile(t, file), command) {
			t.Errorf("the comment of %s lacks the line %q", file, command)
		}
	}
	if len(folders) != len(programs) {
		t.Errorf("%d programs, %d of them in the list of tested programs", len(folders), len(programs))
	}
}

// readmeOutput returns the first fenced block under the program's heading.
func readmeOutput(t *testing.T, name string) string {
	_, section, ok := strings.Cut(readFile(t, "../README.md"), "\n### "+name+"\n")
	if !ok {
		t.Fatalf("README.md has no heading ### %s", name)
	}
	_, block, _ := strings.Cut(section, "```text\n")
	block, _, ok = strings.Cut(block, "```\n")
	if !ok {
		t.Fatalf("README.md has no ```text block under ### %s", name)
	}
	return block
}

var (
	ticks    = regexp.MustCompile(`(?m)^.* tick\n`)
	native   = regexp.MustCompile(`(?m)^a native library .*\n`) // rows that need a C compiler
	numbers  = regexp.MustCompile(` *\d+(\.\d+)? (s\b|ms\b|processors\b|steps;)`)
	sums     = regexp.MustCompile(`s = \d+`)
	verdicts = regexp.MustCompile(`the loop breathes|the loop is slow|THE LOOP STANDS STILL`)
	spaces   = regexp.MustCompile(` +`)
)

// timeless takes out of a program's output what differs from run to run and
// from machine to machine.
func timeless(output string) string {
	output = ticks.ReplaceAllString(output, "")
	output = native.ReplaceAllString(output, "")
	output = sums.ReplaceAllString(output, "s = _")
	output = verdicts.ReplaceAllString(output, "_")
	output = numbers.ReplaceAllString(output, " _ $2")
	return spaces.ReplaceAllString(output, " ")
}

func readFile(t *testing.T, name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
