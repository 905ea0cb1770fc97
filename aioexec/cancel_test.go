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

// The cancellation of a Wait kills the process, and it is reaped when Wait returns.
func TestCancelledWaitKills(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, pid := begin(ctx, t, child("hang"))
		defer p.Close()
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		if err := p.Wait(limited); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: error %v", err)
		}
		if p.State() == nil || signalOf(p) != syscall.SIGKILL || p.ExitCode() != -1 {
			t.Errorf("it ended by %v", p.State())
		}
		gone(t, pid)
		return nil
	})
}

// So does the cancellation of the task that started it, even if nobody waits.
func TestCancelledOwnerKills(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		var p *aioexec.Process
		started := asyncio.NewFuture[int](ctx)
		owner := asyncio.Go(ctx, func(ctx context.Context) error {
			var pid int
			p, pid = begin(ctx, t, child("hang"))
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
		gone(t, pid)
		return nil
	})
}

// A group waits for its processes, as for its tasks, and kills them when it fails.
func TestGroupsOwnProcesses(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		var p *aioexec.Process
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) (err error) {
			p, err = aioexec.Start(ctx, child("exit 1")) // which nobody asks for, and is no failure of the group
			return err
		})
		if err != nil || p.ExitCode() != 1 {
			t.Errorf("exit code %d, error %v", p.ExitCode(), err)
		}
		wrong := errors.New("something is wrong")
		err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			p, _ = begin(ctx, t, child("hang"))
			defer p.Stdout.Close()
			return wrong
		})
		if !errors.Is(err, wrong) || p.State() == nil || signalOf(p) != syscall.SIGKILL {
			t.Errorf("it ended by %v, error %v", p.State(), err)
		}
		return nil
	})
}

// What is forgotten ends with the loop, pipes and all.
func TestTheEndOfTheLoopKills(t *testing.T) {
	var pid int
	onLoop(t, func(ctx context.Context) error {
		cmd := child("hang")
		cmd.Stdin, cmd.Stderr = aioexec.Pipe, aioexec.Pipe
		_, pid = begin(context.WithoutCancel(ctx), t, cmd)
		return nil
	})
	gone(t, pid)
}

// Even if the grace is longer than the time that the loop has for its end. The task of
// the process is abandoned then: its coroutine stays, so goroutines are not counted.
func TestTheEndOfTheLoopCutsTheGraceShort(t *testing.T) {
	var pid int
	err := run(t, func(ctx context.Context) error {
		_, pid = begin(ctx, t, child("deaf"), aioexec.Interrupt(os.Interrupt, time.Hour))
		return nil
	}, asyncio.WithShutdownTimeout(10*time.Millisecond))
	if err == nil || !strings.Contains(err.Error(), "process "+filepath.Base(os.Args[0])) {
		t.Errorf("Run: %v, want an error that names the task of the process", err)
	}
	noChildren(t)
	gone(t, pid)
}

// Even if it was being started when the loop gave up on it.
func TestTheEndOfTheLoopDuringAStartKills(t *testing.T) {
	for turns := range 4 {
		run(t, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := aioexec.Start(ctx, child("deaf"), aioexec.Interrupt(os.Interrupt, time.Hour))
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

// A process that listens to the signal may end as it likes.
func TestInterrupt(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		onLoop(t, func(ctx context.Context) error {
			p, _ := begin(ctx, t, child("polite 9"), aioexec.Interrupt(sig, time.Hour))
			defer p.Close()
			cancelled, cancel := context.WithCancel(ctx)
			cancel()
			if err := p.Wait(cancelled); !errors.Is(err, context.Canceled) {
				t.Errorf("Wait: error %v", err)
			}
			if p.ExitCode() != 9 {
				t.Errorf("it ended by %v, want exit code 9", p.State())
			}
			if rest := readAll(t, p.Stdout); rest != "told to end by "+sig.String()+"\n" {
				t.Errorf("it said %q", rest)
			}
			return nil
		})
	}
}

// One that does not is killed after the grace.
func TestGrace(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, _ := begin(ctx, t, child("deaf"), aioexec.Interrupt(syscall.SIGTERM, 5*time.Millisecond))
		defer p.Close()
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		p.Wait(cancelled)
		if p.State() == nil || signalOf(p) != syscall.SIGKILL {
			t.Errorf("it ended by %v", p.State())
		}
		return nil
	})
}

// Killed is the whole group: what the process has started too.
func TestTheGroupIsKilled(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, grandchild := begin(ctx, t, child("parent 0"))
		defer p.Close()
		if grandchild == p.Pid() {
			t.Fatalf("the number %d is the child's own", grandchild)
		}
		p.Kill()
		if err := p.Wait(ctx); err == nil {
			t.Error("it ended well")
		}
		gone(t, grandchild)
		return nil
	})
}

// What outlives the process in its group is killed as well, and so its pipes end.
func TestWhatOutlivesTheProcessIsKilled(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		cmd := child("parent 1")
		cmd.Stdout, cmd.Stderr = aioexec.Pipe, aioexec.Pipe
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		if _, _, err = p.Communicate(ctx, nil, aioexec.Limits{}); err != nil || p.ExitCode() != 0 {
			t.Errorf("it ended by %v, error %v", p.State(), err)
		}
		return nil
	})
}

// A command that says which group it wants is in no other.
func TestAGroupOfTheCallersChoice(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		for name, attr := range map[string]*syscall.SysProcAttr{"a session": {Setsid: true}, "a group": {Setpgid: true}, "none": nil} {
			cmd := child("hang")
			cmd.SysProcAttr = attr
			p, pid := begin(ctx, t, cmd)
			if group, err := syscall.Getpgid(pid); group != pid || err != nil {
				t.Errorf("%s: process %d is of the group %d, error %v", name, pid, group, err)
			}
			// Another joins it, and is killed alone.
			other := child("hang")
			other.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: pid}
			if name != "a session" {
				q, member := begin(ctx, t, other)
				if group, _ := syscall.Getpgid(member); group != pid {
					t.Errorf("%s: process %d is of the group %d, want %d", name, member, group, pid)
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

// daemon is a program that starts a child by this package, and is killed itself.
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

// A process does not outlive this program, however that ends.
func TestNoOrphans(t *testing.T) {
	nothingLeft(t)
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
	if _, err := io.Copy(io.Discard, lines); err != nil { // it ends when nobody has the pipe
		t.Error(err)
	}
	program.Wait()
	gone(t, pid)
}

// A cancellation at any moment of the start leaves nothing.
func TestCancelledStart(t *testing.T) {
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
