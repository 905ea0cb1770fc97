//go:build linux

package aioexec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aioexec"
)

// TestExitCodes: a command without redirections has no pipes, and Wait reports its exit code.
func TestExitCodes(t *testing.T) {
	for _, code := range []int{0, 1, 77} {
		onLoop(t, func(ctx context.Context) error {
			p, err := aioexec.Start(ctx, child("exit %d", code))
			if err != nil {
				return err
			}
			if p.Stdin != nil || p.Stdout != nil || p.Stderr != nil || p.Pid() <= 0 {
				t.Errorf("pipes %v %v %v, pid %d", p.Stdin, p.Stdout, p.Stderr, p.Pid())
			}
			for range 2 { // a second Wait returns the same
				var failed *exec.ExitError
				err = p.Wait(ctx)
				if code == 0 && err != nil || code != 0 && (!errors.As(err, &failed) || failed.ExitCode() != code) {
					t.Errorf("exit %d: error %v", code, err)
				}
			}
			if p.ExitCode() != code || p.State() == nil {
				t.Errorf("exit code %d, state %v; want %d", p.ExitCode(), p.State(), code)
			}
			for what, err := range map[string]error{"Kill": p.Kill(), "Signal": p.Signal(os.Interrupt)} {
				if !errors.Is(err, os.ErrProcessDone) {
					t.Errorf("%s after the end: error %v", what, err)
				}
			}
			<-p.Done()
			return errors.Join(p.Close(), p.Close())
		})
	}
}

func TestPipes(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		cmd := child("cat")
		cmd.Stdin, cmd.Stdout = aioexec.Pipe, aioexec.Pipe
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		defer p.Close()
		for i := range 3 { // a dialogue
			fmt.Fprintf(p.Stdin, "line %d\n", i)
			got := make([]byte, 7)
			if _, err := io.ReadFull(p.Stdout, got); err != nil || string(got) != fmt.Sprintf("line %d\n", i) {
				t.Errorf("%q, error %v", got, err)
			}
		}
		if p.ExitCode() != -1 || p.State() != nil {
			t.Errorf("while it runs: exit code %d, state %v", p.ExitCode(), p.State())
		}
		p.Stdin.Close()
		if rest := readAll(t, p.Stdout); rest != "" {
			t.Errorf("at the end there was %q", rest)
		}
		return p.Wait(ctx)
	})
}

// TestPipes_ReadAfterTheEnd: the output can be read after the end of the process.
func TestPipes_ReadAfterTheEnd(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		cmd := child("hello")
		cmd.Stdout, cmd.Stderr = aioexec.Pipe, aioexec.Pipe
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		defer p.Close()
		if err := p.Wait(ctx); err != nil {
			return err
		}
		if out, errs := readAll(t, p.Stdout), readAll(t, p.Stderr); out != "hello\n" || errs != "and welcome\n" {
			t.Errorf("%q and %q", out, errs)
		}
		return nil
	})
}

func TestPipes_StderrIsStdout(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		cmd := child("hello")
		cmd.Stdout, cmd.Stderr = aioexec.Pipe, aioexec.Stdout
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		both, none, err := p.Communicate(ctx, nil, aioexec.Limits{})
		if string(both) != "hello\nand welcome\n" || none != nil {
			t.Errorf("%q and %q", both, none)
		}
		return err
	})
}

// TestFiles: the process gets an *os.File itself, without a pipe.
func TestFiles(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		name := filepath.Join(t.TempDir(), "out")
		f, err := os.Create(name)
		if err != nil {
			return err
		}
		defer f.Close()
		cmd := child("hello")
		cmd.Stdout, cmd.Stderr = f, f
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		if err := p.Wait(ctx); err != nil {
			return err
		}
		if got, err := os.ReadFile(name); string(got) != "hello\nand welcome\n" || err != nil {
			t.Errorf("%q, error %v", got, err)
		}
		return nil
	})
}

func TestStart_Errors(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		started := child("exit 0")
		p, err := aioexec.Start(ctx, started)
		if err != nil {
			return err
		}
		if err := p.Wait(ctx); err != nil {
			return err
		}
		with := func(change func(cmd *exec.Cmd)) *exec.Cmd {
			cmd := child("exit 0")
			change(cmd)
			return cmd
		}
		for _, c := range []struct {
			name string
			cmd  *exec.Cmd
			text string
		}{
			{"nil", nil, "nil command"},
			{"no such program", exec.Command("no-such-program-anywhere"), `"no-such-program-anywhere"`},
			{"no such program, piped", func() *exec.Cmd {
				cmd := exec.Command("/no/such/program")
				cmd.Stdin, cmd.Stdout, cmd.Stderr = aioexec.Pipe, aioexec.Pipe, aioexec.Pipe
				return cmd
			}(), "/no/such/program"},
			{"no such directory", with(func(cmd *exec.Cmd) { cmd.Dir = "/no/such/dir" }), "no such file or directory"},
			{"started before", started, "already started"},
			{"a reader", with(func(cmd *exec.Cmd) { cmd.Stdin, cmd.Stdout = strings.NewReader("x"), aioexec.Pipe }), "cmd.Stdin is a *strings.Reader"},
			{"a writer", with(func(cmd *exec.Cmd) { cmd.Stdout = io.Discard }), "cmd.Stdout is a io.discard"},
			{"a writer after a pipe", with(func(cmd *exec.Cmd) { cmd.Stdout, cmd.Stderr = aioexec.Pipe, io.Discard }), "cmd.Stderr is a io.discard"},
			{"Stdout as Stdout", with(func(cmd *exec.Cmd) { cmd.Stdout = aioexec.Stdout }), "cmd.Stdout is aioexec.Stdout"},
		} {
			p, err := aioexec.Start(ctx, c.cmd)
			if p != nil || err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: process %v, error %v", c.name, p, err)
			}
		}
		if _, err := aioexec.Output(ctx, with(func(cmd *exec.Cmd) { cmd.Stdout = aioexec.Pipe })); err == nil || !strings.Contains(err.Error(), "cmd.Stdout must be nil") {
			t.Errorf("Output with Stdout: error %v", err)
		}
		return nil
	})
	if _, err := aioexec.Start(t.Context(), child("exit 0")); !errors.Is(err, asyncio.ErrNoLoop) {
		t.Errorf("off the loop: error %v", err)
	}
	if _, err := aioexec.Pipe.Read(nil); err == nil {
		t.Error("Pipe could be read")
	}
	if _, err := aioexec.Stdout.Write(nil); err == nil {
		t.Error("Stdout could be written")
	}
	for _, misuse := range []func(){func() { aioexec.Interrupt(nil, 0) }, func() { aioexec.Interrupt(os.Interrupt, -1) }} {
		func() {
			defer func() {
				if v := fmt.Sprint(recover()); !strings.Contains(v, "must") {
					t.Errorf("panic %v", v)
				}
			}()
			misuse()
		}()
	}
}

// TestWait_SuspendsOnlyTheTask: other tasks run during Wait. Several tasks and goroutines may wait.
func TestWait_SuspendsOnlyTheTask(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, _ := startChild(ctx, t, child("exit-on-signal 3"))
		defer p.Close()
		code := func(err error) int {
			if failed, ok := err.(*exec.ExitError); ok {
				return failed.ExitCode()
			}
			return 0
		}
		waiting := []*asyncio.Task[int]{}
		for range 2 {
			waiting = append(waiting, asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return code(p.Wait(ctx)), nil }))
		}
		waiting = append(waiting, asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return asyncio.ToThread(ctx, func(ctx context.Context) (int, error) { return code(p.Wait(ctx)), nil })
		}))
		for range 100 {
			if err := asyncio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		if p.State() != nil {
			t.Error("the process has ended")
		}
		if err := p.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		codes, err := asyncio.Gather(ctx, waiting...)
		if err != nil || fmt.Sprint(codes) != "[3 3 3]" {
			t.Errorf("%v, error %v", codes, err)
		}
		return nil
	})
}

func TestManyProcesses(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for i := range 40 {
				asyncio.Go(ctx, func(ctx context.Context) error {
					cmd := child("cat")
					cmd.Stdin, cmd.Stdout = aioexec.Pipe, aioexec.Pipe
					p, err := aioexec.Start(ctx, cmd)
					if err != nil {
						return err
					}
					defer p.Close()
					out, _, err := p.Communicate(ctx, fmt.Append(nil, "number ", i), aioexec.Limits{})
					if string(out) != fmt.Sprint("number ", i) {
						t.Errorf("%d: %q", i, out)
					}
					return err
				})
			}
			return nil
		})
	})
}

// TestKill_RacesWithTheEnd: a signal that races with the end of the process reaches no other
// process.
func TestKill_RacesWithTheEnd(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		for range 20 {
			p, err := aioexec.Start(ctx, child("exit 5"))
			if err != nil {
				return err
			}
			var killers sync.WaitGroup
			for range 2 {
				killers.Go(func() {
					for p.Signal(syscall.SIGCONT) == nil {
						runtime.Gosched()
					}
				})
				killers.Go(func() { p.Close() })
			}
			if err := p.Wait(ctx); err == nil {
				t.Error("the exit code is 0")
			}
			asyncio.ToThread(ctx, func(context.Context) (struct{}, error) { killers.Wait(); return struct{}{}, nil })
		}
		return nil
	})
}
