//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// A daemonOrder selects the program that a function leaves running, and how the worker dies.
type daemonOrder struct {
	Daemon, Die string
	PidFile     string
}

var leavesDaemonAndDies = asyncio.Register("procpool.test.leavesDaemonAndDies", func(_ context.Context, r daemonOrder) (int, error) {
	if err := leaveDaemon(r); err != nil {
		return 0, err
	}
	fmt.Fprintln(os.Stderr, "about to die by", r.Die)
	dies[r.Die]()
	select {}
})

// leaveDaemon starts a program that outlives the worker and keeps files of the worker open.
func leaveDaemon(r daemonOrder) error {
	script := "echo $$ > " + r.PidFile + ".new; mv " + r.PidFile + ".new " + r.PidFile + "; exec sleep 1000"
	cmd := exec.Command("setsid", "sh", "-c", script)
	switch r.Daemon {
	case "stdout":
		cmd.Stdout = os.Stdout
	case "stderr":
		cmd.Stderr = os.Stderr
	case "channel":
		for _, access := range []int{syscall.O_RDONLY, syscall.O_WRONLY} {
			fd, err := syscall.Dup(channelDescriptor(access))
			if err != nil {
				return err
			}
			cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(fd), "channel"))
		}
	case "double fork":
		cmd = exec.Command("sh", "-c", "setsid sh -c '"+script+"' & :")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	case "printing":
		cmd = exec.Command("setsid", "sh", "-c", strings.Replace(script, "exec sleep 1000", "while echo x; do :; done", 1))
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	case "same group":
		cmd = exec.Command("sh", "-c", script)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	for {
		if _, err := os.Stat(r.PidFile); err == nil {
			return nil
		}
	}
}

// TestCrash_WhileADaemonHoldsTheFiles: the error has the reason of the worker's death, even if a
// program that has left the worker's group keeps the worker's output or channel open.
func TestCrash_WhileADaemonHoldsTheFiles(t *testing.T) {
	for _, daemon := range []string{"stdout", "stderr", "channel", "double fork", "printing", "same group"} {
		deaths := []string{"exit 7", "SIGKILL", "panic"}
		if daemon == "double fork" {
			deaths = append(deaths, "out of memory", "SIGSEGV")
		}
		for _, die := range deaths {
			t.Run(daemon+"/"+die, func(t *testing.T) {
				o := procpool.Options{Workers: 1}
				want := crashes[die].reason
				if die == "out of memory" {
					o.MemoryLimit, want = 64<<20, "out of memory (Options.MemoryLimit is 64 MiB)"
				}
				file := filepath.Join(t.TempDir(), "pid")
				onPool(t, o, func(ctx context.Context, pool *procpool.Pool) {
					_, err := leavesDaemonAndDies.Call(ctx, pool, daemonOrder{daemon, die, file})
					var c *procpool.WorkerCrash
					if !errors.As(err, &c) || !strings.HasPrefix(c.Reason, want) || die != "out of memory" && !strings.HasPrefix(c.StderrTail, "about to die by "+die) && daemon != "printing" {
						t.Errorf("error %v; want %q; %+v", err, want, c)
					}
					killDaemon(ctx, t, file, daemon == "same group")
					if n, err := square.Call(ctx, pool, 3); n != 9 || err != nil {
						t.Errorf("the next call: %d, %v", n, err)
					}
				})
			})
		}
	}
}

// killDaemon kills the daemon. A daemon in the worker's group must have ended with the worker.
func killDaemon(ctx context.Context, t *testing.T, file string, inGroup bool) {
	t.Helper()
	var pid int
	text, err := os.ReadFile(file)
	if _, scanErr := fmt.Sscan(string(text), &pid); err != nil || scanErr != nil {
		t.Errorf("no daemon: %v, %v", err, scanErr)
		return
	}
	if inGroup {
		until(ctx, t, "the program in the worker's group is gone", func() bool { return !alive(pid) })
	}
	syscall.Kill(pid, syscall.SIGKILL)
	until(ctx, t, "the daemon is gone", func() bool { return !alive(pid) })
}

// TestResult_WhileADaemonHoldsTheFiles: the pool reads all output of an ended worker, and does not
// wait until all programs have closed the pipes.
func TestResult_WhileADaemonHoldsTheFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	var out sink
	onPool(t, procpool.Options{Workers: 1, TasksPerWorker: 1, Stdout: &out}, func(ctx context.Context, pool *procpool.Pool) {
		text := strings.Repeat("0123456789", 6000)
		if n, err := printsBesideADaemon.Call(ctx, pool, daemonOrder{"double fork", text, file}); n != len(text) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		until(ctx, t, "the worker has ended", func() bool { return len(pool.Stats().Workers) == 0 })
		if got := out.String(); got != text {
			t.Errorf("%d bytes of output; want %d", len(got), len(text))
		}
		killDaemon(ctx, t, file, false)
	})
}

var printsBesideADaemon = asyncio.Register("procpool.test.printsBesideADaemon", func(_ context.Context, r daemonOrder) (int, error) {
	if err := leaveDaemon(r); err != nil {
		return 0, err
	}
	fmt.Print(r.Die)
	return len(r.Die), nil
})
