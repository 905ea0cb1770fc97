//go:build unix

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// actAsProgram is set for a copy of the test binary that is to be the program.
const actAsProgram = "SIGNALS_TEST_ARGS"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(actAsProgram); ok {
		os.Exit(run(strings.Fields(args), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// A process is the program as its users meet it.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	seen   []string
	stderr bytes.Buffer
}

func start(t *testing.T, args string) *process {
	t.Helper()
	// What a process ignores its children ignore too, as under nohup. What it
	// handles they do not.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt)
	t.Cleanup(func() { signal.Stop(caught) })

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.CommandContext(t.Context(), self)}
	p.cmd.Env = append(os.Environ(), actAsProgram+"="+args)
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(stdout)
	return p
}

// await reads until every one of the texts has been in a line.
func (p *process) await(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		for !p.printed(text) {
			if !p.lines.Scan() {
				p.t.Fatalf("it ended without a line with %q:\n%s\n%s", text, strings.Join(p.seen, "\n"), &p.stderr)
			}
			p.seen = append(p.seen, p.lines.Text())
		}
	}
}

func (p *process) printed(text string) bool { return p.line(text) >= 0 }

// line returns the index of the first line with text in it.
func (p *process) line(text string) int {
	return slices.IndexFunc(p.seen, func(line string) bool { return strings.Contains(line, text) })
}

func (p *process) count(text string) (n int) {
	for _, line := range p.seen {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func (p *process) interrupt() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
}

// end reads the rest and returns how the process ended.
func (p *process) end() syscall.WaitStatus {
	p.t.Helper()
	for p.lines.Scan() {
		p.seen = append(p.seen, p.lines.Text())
	}
	if err := p.cmd.Wait(); p.cmd.ProcessState == nil {
		p.t.Fatal(err)
	}
	p.t.Logf("%s\n%s", strings.Join(p.seen, "\n"), &p.stderr)
	return p.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

func TestOneInterruptEndsInOrder(t *testing.T) {
	p := start(t, "-every 5ms -job 50ms -drain 1h")
	p.await("job 3: begins")
	p.interrupt()
	if status := p.end(); !status.Exited() || status.ExitStatus() != 0 {
		t.Errorf("it ended with %v, want exit status 0", p.cmd.ProcessState)
	}
	stopped := p.line("accepting no more")
	if stopped < 0 {
		t.Fatal("it did not say that it accepts no more")
	}
	for _, line := range p.seen[stopped:] {
		if strings.HasSuffix(line, ": accepted") {
			t.Errorf("%q after it said that it accepts no more", line)
		}
	}
	if accepted, done := p.count(": accepted"), p.count(": done"); accepted < 3 || done != accepted {
		t.Errorf("%d jobs accepted and %d done, want as many as accepted, and at least 3", accepted, done)
	}
	if !p.printed("none lost") {
		t.Error("it did not say that it ended well")
	}
}

func TestJobsThatTakeTooLongAreGivenBack(t *testing.T) {
	p := start(t, "-every 5ms -job 1h -drain 10ms")
	p.await("job 3: begins")
	p.interrupt()
	if status := p.end(); !status.Exited() || status.ExitStatus() != 1 {
		t.Errorf("it ended with %v, want exit status 1", p.cmd.ProcessState)
	}
	if n := p.count("given back"); n != 3 { // what the three workers had begun
		t.Errorf("%d jobs were given back, want 3", n)
	}
	if !strings.Contains(p.stderr.String(), "accepted jobs were not finished") {
		t.Errorf("stderr: %s", &p.stderr)
	}
}

func TestASecondInterruptEndsAtOnce(t *testing.T) {
	p := start(t, "-every 5ms -job 1h -drain 1h")
	p.await("job 3: begins")
	p.interrupt()
	p.await("accepting no more", "Ctrl-C again ends at once")
	p.interrupt()
	if status := p.end(); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v, want an end by the signal", p.cmd.ProcessState)
	}
	if p.printed("given back") || p.printed("ended after") {
		t.Error("it did not end at once")
	}
}
