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

// guard is how long a test waits for what must happen.
const guard = 2 * time.Minute

// onLoop runs body on a loop, and checks that nothing is left.
func onLoop(t *testing.T, body func(ctx context.Context) error, opts ...asyncio.Option) {
	t.Helper()
	nothingLeft(t)
	if err := run(t, body, opts...); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func run(t *testing.T, body func(ctx context.Context) error, opts ...asyncio.Option) error {
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	return asyncio.Run(ctx, body, opts...)
}

// nothingLeft fails the test if at its end there are goroutines, descriptors or child
// processes that were not there before.
func nothingLeft(t *testing.T) {
	t.Helper()
	if r, w, err := os.Pipe(); err == nil { // the runtime keeps a poller from the first on
		r.Close()
		w.Close()
	}
	exec.Command("").Start() // and package os asks the system once what it can do
	os.FindProcess(os.Getpid())
	goroutines, files := runtime.NumGoroutine(), openFiles()
	t.Cleanup(func() {
		noChildren(t)
		if !eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines }) {
			stacks := make([]byte, 1<<16)
			t.Logf("%s", stacks[:runtime.Stack(stacks, true)])
		}
		eventually(t, "no descriptor is left", func() bool { return openFiles() <= files })
	})
}

// noChildren waits until this program has no child process. It reaps none, so that
// those of an abandoned loop are reaped by who has to.
func noChildren(t *testing.T) {
	t.Helper()
	eventually(t, "no child process is left", func() bool {
		return errors.Is(unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil), unix.ECHILD)
	})
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) bool {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(guard); !holds(); <-tick.C {
		if time.Now().After(limit) {
			t.Errorf("waited in vain until %s", what)
			return false
		}
	}
	return true
}

// openFiles counts descriptors where the system tells.
func openFiles() int {
	names, _ := os.ReadDir("/proc/self/fd")
	return len(names)
}

// begin starts a child that tells its number, and returns that.
func begin(ctx context.Context, t *testing.T, cmd *exec.Cmd, opts ...aioexec.Option) (*aioexec.Process, int) {
	t.Helper()
	cmd.Stdout = aioexec.Pipe
	p, err := aioexec.Start(ctx, cmd, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p, number(t, p.Stdout)
}

func number(t *testing.T, conn *aionet.Conn) int {
	t.Helper()
	line, err := bufio.NewReader(conn).ReadString('\n')
	pid, bad := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || bad != nil {
		t.Fatalf("the child said %q, error %v", line, err)
	}
	return pid
}

// gone waits until there is no such process. One that has ended and whose parent is
// not this program counts as gone.
func gone(t *testing.T, pid int) {
	t.Helper()
	eventually(t, "process "+strconv.Itoa(pid)+" is gone", func() bool {
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
