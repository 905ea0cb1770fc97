//go:build linux

package aioexec_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aioexec"
	"github.com/asyncio-go/asyncio/aionet"
)

// testTimeout bounds the waits of a test.
const testTimeout = 2 * time.Minute

// onLoop runs body on a loop, and checks for leaks.
func onLoop(t *testing.T, body func(ctx context.Context) error, opts ...asyncio.Option) {
	t.Helper()
	checkLeaks(t)
	if err := run(t, body, opts...); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func run(t *testing.T, body func(ctx context.Context) error, opts ...asyncio.Option) error {
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	return asyncio.Run(ctx, body, opts...)
}

// checkLeaks fails the test if it leaves goroutines, descriptors or child processes.
func checkLeaks(t *testing.T) {
	t.Helper()
	if r, w, err := os.Pipe(); err == nil { // the runtime creates its poller with the first pipe
		r.Close()
		w.Close()
	}
	exec.Command("").Start() // package os checks for pidfd once
	os.FindProcess(os.Getpid())
	goroutines, files := runtime.NumGoroutine(), openFiles()
	t.Cleanup(func() {
		noChildren(t)
		if !waitFor(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines }) {
			stacks := make([]byte, 1<<16)
			t.Logf("%s", stacks[:runtime.Stack(stacks, true)])
		}
		waitFor(t, "no descriptor is left", func() bool { return openFiles() <= files })
	})
}

// noChildren waits until this program has no child process. It reaps none: the goroutine of each
// process does.
func noChildren(t *testing.T) {
	t.Helper()
	waitFor(t, "no child process is left", func() bool {
		return errors.Is(unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil), unix.ECHILD)
	})
}

// waitFor blocks until the condition holds.
func waitFor(t *testing.T, what string, holds func() bool) bool {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(testTimeout); !holds(); <-tick.C {
		if time.Now().After(limit) {
			t.Errorf("timeout: waited until %s", what)
			return false
		}
	}
	return true
}

// openFiles returns the number of open descriptors, or 0 if the system does not report it.
func openFiles() int {
	names, _ := os.ReadDir("/proc/self/fd")
	return len(names)
}

// startChild starts a child that prints its pid, and returns the pid.
func startChild(ctx context.Context, t *testing.T, cmd *exec.Cmd, opts ...aioexec.Option) (*aioexec.Process, int) {
	t.Helper()
	cmd.Stdout = aioexec.Pipe
	p, err := aioexec.Start(ctx, cmd, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p, readPid(t, p.Stdout)
}

func readPid(t *testing.T, conn *aionet.Conn) int {
	t.Helper()
	line, err := bufio.NewReader(conn).ReadString('\n')
	pid, bad := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || bad != nil {
		t.Fatalf("the child wrote %q, error %v; want a pid", line, err)
	}
	return pid
}

// waitGone blocks until the process has ended. A zombie of another parent has ended.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	waitFor(t, "process "+strconv.Itoa(pid)+" has ended", func() bool {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return true
		}
		stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return strings.Contains(string(stat), ") Z ")
	})
}

func signalOf(p *aioexec.Process) syscall.Signal {
	return p.State().Sys().(syscall.WaitStatus).Signal()
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}
