//go:build linux

package aioexec_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aioexec"
)

// TestWait_CancelledKills: a cancelled Wait kills the process, and returns when it is reaped.
func TestWait_CancelledKills(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, pid := startChild(ctx, t, child("hang"))
		defer p.Close()
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		if err := p.Wait(limited); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: error %v", err)
		}
		if p.State() == nil || signalOf(p) != syscall.SIGKILL || p.ExitCode() != -1 {
			t.Errorf("state %v", p.State())
		}
		waitGone(t, pid)
		return nil
	})
}

// TestOwner_CancelledKills: a cancellation of the task that started the process kills it, without a
// Wait.
func TestOwner_CancelledKills(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		var p *aioexec.Process
		started := asyncio.NewFuture[int](ctx)
		owner := asyncio.Go(ctx, func(ctx context.Context) error {
			var pid int
			p, pid = startChild(ctx, t, child("hang"))
			defer p.Close()
			started.SetResult(pid)
			return asyncio.Sleep(ctx, time.Hour)
		})
		pid, err := started.Await(ctx)
		if err != nil {
			return err
		}
		owner.Cancel(nil)
		if _, err := owner.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("the owner: %v", err)
		}
		if err := p.Wait(ctx); err == nil || signalOf(p) != syscall.SIGKILL {
			t.Errorf("Wait: %v", err)
		}
		waitGone(t, pid)
		return nil
	})
}

// TestTaskGroup_OwnsProcesses: a group waits for its processes, and kills them when it fails.
func TestTaskGroup_OwnsProcesses(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		var p *aioexec.Process
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) (err error) {
			p, err = aioexec.Start(ctx, child("exit 1")) // without a Wait the exit code is not an error of the group
			return err
		})
		if err != nil || p.ExitCode() != 1 {
			t.Errorf("exit code %d, error %v", p.ExitCode(), err)
		}
		wrong := errors.New("something is wrong")
		err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			p, _ = startChild(ctx, t, child("hang"))
			defer p.Stdout.Close()
			return wrong
		})
		if !errors.Is(err, wrong) || p.State() == nil || signalOf(p) != syscall.SIGKILL {
			t.Errorf("state %v, error %v", p.State(), err)
		}
		return nil
	})
}

// TestLoopEnd_Kills: the end of the loop kills the process and closes the pipes.
func TestLoopEnd_Kills(t *testing.T) {
	var pid int
	onLoop(t, func(ctx context.Context) error {
		cmd := child("hang")
		cmd.Stdin, cmd.Stderr = aioexec.Pipe, aioexec.Pipe
		_, pid = startChild(context.WithoutCancel(ctx), t, cmd)
		return nil
	})
	waitGone(t, pid)
}

// TestLoopEnd_LimitsTheGrace: WithShutdownTimeout limits the grace. The loop then abandons the
// coroutine of the process task, so the test does not count goroutines.
func TestLoopEnd_LimitsTheGrace(t *testing.T) {
	var pid int
	err := run(t, func(ctx context.Context) error {
		_, pid = startChild(ctx, t, child("ignore-signals"), aioexec.Interrupt(os.Interrupt, time.Hour))
		return nil
	}, asyncio.WithShutdownTimeout(10*time.Millisecond))
	if err == nil || !strings.Contains(err.Error(), "process "+filepath.Base(os.Args[0])) {
		t.Errorf("Run: %v, want an error with the name of the process task", err)
	}
	noChildren(t)
	waitGone(t, pid)
}

// TestLoopEnd_DuringStart: a process that is starting when the loop abandons it is killed.
func TestLoopEnd_DuringStart(t *testing.T) {
	for turns := range 4 {
		run(t, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := aioexec.Start(ctx, child("ignore-signals"), aioexec.Interrupt(os.Interrupt, time.Hour))
				return err
			})
			for range turns {
				asyncio.Sleep(ctx, 0)
			}
			return nil
		}, asyncio.WithShutdownTimeout(time.Nanosecond))
		noChildren(t)
	}
}

// TestInterrupt: a process that handles the signal can choose its exit code.
func TestInterrupt(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		onLoop(t, func(ctx context.Context) error {
			p, _ := startChild(ctx, t, child("exit-on-signal 9"), aioexec.Interrupt(sig, time.Hour))
			defer p.Close()
			cancelled, cancel := context.WithCancel(ctx)
			cancel()
			if err := p.Wait(cancelled); !errors.Is(err, context.Canceled) {
				t.Errorf("Wait: error %v", err)
			}
			if p.ExitCode() != 9 {
				t.Errorf("state %v, want exit code 9", p.State())
			}
			if rest := readAll(t, p.Stdout); rest != "signal: "+sig.String()+"\n" {
				t.Errorf("the output is %q", rest)
			}
			return nil
		})
	}
}

// TestInterrupt_KillsAfterGrace: a process that ignores the signal is killed.
func TestInterrupt_KillsAfterGrace(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, _ := startChild(ctx, t, child("ignore-signals"), aioexec.Interrupt(syscall.SIGTERM, 5*time.Millisecond))
		defer p.Close()
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		p.Wait(cancelled)
		if p.State() == nil || signalOf(p) != syscall.SIGKILL {
			t.Errorf("state %v", p.State())
		}
		return nil
	})
}

// TestKill_KillsTheGroup: Kill kills the programs that the process has started.
func TestKill_KillsTheGroup(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, grandchild := startChild(ctx, t, child("parent 0"))
		defer p.Close()
		if grandchild == p.Pid() {
			t.Fatalf("pid %d: want that of the grandchild", grandchild)
		}
		p.Kill()
		if err := p.Wait(ctx); err == nil {
			t.Error("the exit code is 0")
		}
		waitGone(t, grandchild)
		return nil
	})
}

// TestProcessEnd_KillsTheGroup: the remaining processes of the group are killed, which closes the
// pipes.
func TestProcessEnd_KillsTheGroup(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		cmd := child("parent 1")
		cmd.Stdout, cmd.Stderr = aioexec.Pipe, aioexec.Pipe
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		if _, _, err = p.Communicate(ctx, nil, aioexec.Limits{}); err != nil || p.ExitCode() != 0 {
			t.Errorf("state %v, error %v", p.State(), err)
		}
		return nil
	})
}

// TestStart_ProcessGroup: Start respects a group in cmd.SysProcAttr.
func TestStart_ProcessGroup(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		for name, attr := range map[string]*syscall.SysProcAttr{"a session": {Setsid: true}, "a group": {Setpgid: true}, "none": nil} {
			cmd := child("hang")
			cmd.SysProcAttr = attr
			p, pid := startChild(ctx, t, cmd)
			if group, err := syscall.Getpgid(pid); group != pid || err != nil {
				t.Errorf("%s: process %d is in the group %d, error %v", name, pid, group, err)
			}
			// Another process joins the group, and is killed alone.
			other := child("hang")
			other.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: pid}
			if name != "a session" {
				q, member := startChild(ctx, t, other)
				if group, _ := syscall.Getpgid(member); group != pid {
					t.Errorf("%s: process %d is in the group %d, want %d", name, member, group, pid)
				}
				q.Close()
				q.Wait(ctx)
				if p.State() != nil {
					t.Errorf("%s: the leader was killed with the member", name)
				}
			}
			p.Close()
			p.Wait(ctx)
		}
		return nil
	})
}

// daemon is a program that starts a child with this package, and that the test kills.
func daemon(int) {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		cmd := child("hang")
		cmd.Stdout = os.Stdout
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		return p.Wait(ctx)
	})
	panic(err)
}

// TestNoOrphans: a process ends when the program that started it is killed.
func TestNoOrphans(t *testing.T) {
	checkLeaks(t)
	program := child("daemon")
	stdout, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	program.Process.Kill()
	if _, err := io.Copy(io.Discard, lines); err != nil { // EOF when no process has the pipe open
		t.Error(err)
	}
	program.Wait()
	waitGone(t, pid)
}

// TestStart_Cancelled cancels Start in each of its steps, without a leak.
func TestStart_Cancelled(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := aioexec.Start(cancelled, child("hang")); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before: error %v", err)
		}
		for turns := range 6 {
			starting := asyncio.Go(ctx, func(ctx context.Context) error {
				cmd := child("hang")
				cmd.Stdin, cmd.Stdout = aioexec.Pipe, aioexec.Pipe
				p, err := aioexec.Start(ctx, cmd)
				if err != nil {
					return err
				}
				defer p.Close()
				return p.Wait(ctx)
			})
			for range turns {
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			starting.Cancel(nil)
			if _, err := starting.Await(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled after %d turns: error %v", turns, err)
			}
		}
		return nil
	})
}
