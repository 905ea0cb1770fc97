//go:build linux

package aioexec_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aioexec"
)

func piped(cmd *exec.Cmd) *exec.Cmd {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = aioexec.Pipe, aioexec.Pipe, aioexec.Pipe
	return cmd
}

// No pipe that is full holds anything up: the child fills both outputs before it reads,
// and is sent more than fits into a pipe.
func TestCommunicateWithFullPipes(t *testing.T) {
	const much = 1 << 20
	onLoop(t, func(ctx context.Context) error {
		p, err := aioexec.Start(ctx, piped(child("flood %d", much)))
		if err != nil {
			return err
		}
		out, errs, err := p.Communicate(ctx, make([]byte, much), aioexec.Limits{})
		if len(out) != much || len(errs) != much {
			t.Errorf("%d and %d bytes, want %d of each", len(out), len(errs), much)
		}
		return err
	})
}

func TestCommunicateEchoes(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		for _, input := range [][]byte{nil, []byte("a"), bytes.Repeat([]byte("0123456789abcdef"), 1<<16)} {
			p, err := aioexec.Start(ctx, piped(child("cat")))
			if err != nil {
				return err
			}
			out, errs, err := p.Communicate(ctx, input, aioexec.Limits{Stdout: -1})
			if !bytes.Equal(out, input) || len(errs) > 0 || err != nil {
				t.Errorf("%d bytes came back of %d, and %q, error %v", len(out), len(input), errs, err)
			}
		}
		return nil
	})
}

// Input that the process does not read is dropped.
func TestCommunicateWithoutAReader(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, err := aioexec.Start(ctx, piped(child("ignore")))
		if err != nil {
			return err
		}
		out, _, err := p.Communicate(ctx, make([]byte, 1<<20), aioexec.Limits{})
		if string(out) != "it takes nothing\n" {
			t.Errorf("it said %q", out)
		}
		return err
	})
}

func TestCommunicateLimits(t *testing.T) {
	const much = 100_000
	for name, c := range map[string]struct {
		limits aioexec.Limits
		stream string
	}{
		"stdout":        {aioexec.Limits{Stdout: 5000}, "stdout"},
		"stderr":        {aioexec.Limits{Stderr: 5000}, "stderr"},
		"one too many":  {aioexec.Limits{Stdout: much - 1}, "stdout"},
		"just not":      {aioexec.Limits{Stdout: much, Stderr: much}, ""},
		"no limit":      {aioexec.Limits{Stdout: -1, Stderr: -1}, ""},
		"the usual one": {aioexec.Limits{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) error {
				p, err := aioexec.Start(ctx, piped(child("flood %d", much)))
				if err != nil {
					return err
				}
				out, errs, err := p.Communicate(ctx, nil, c.limits)
				if c.stream == "" {
					if len(out) != much || len(errs) != much || err != nil {
						t.Errorf("%d and %d bytes, error %v", len(out), len(errs), err)
					}
					return nil
				}
				tooMuch, ok := err.(*aioexec.LimitError)
				if !ok || tooMuch.Stream != c.stream || !strings.Contains(err.Error(), c.stream) {
					t.Errorf("error %v; want a LimitError of %s", err, c.stream)
				}
				if c.stream == "stdout" && len(out) != c.limits.Stdout || c.stream == "stderr" && len(errs) != c.limits.Stderr {
					t.Errorf("%d and %d bytes with the limits %v", len(out), len(errs), c.limits)
				}
				if p.State() == nil {
					t.Error("the process runs on")
				}
				return nil
			})
		})
	}
}

func TestCommunicateTellsTheExitCode(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, err := aioexec.Start(ctx, piped(child("fail 4")))
		if err != nil {
			return err
		}
		_, errs, err := p.Communicate(ctx, nil, aioexec.Limits{})
		if failed, ok := err.(*exec.ExitError); !ok || failed.ExitCode() != 4 || string(errs) != "no luck today\n" {
			t.Errorf("%q, error %v", errs, err)
		}
		return nil
	})
}

func TestCommunicateCancelled(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, err := aioexec.Start(ctx, piped(child("flood %d", 1<<30)))
		if err != nil {
			return err
		}
		talking := asyncio.Go(ctx, func(ctx context.Context) error {
			_, _, err := p.Communicate(ctx, nil, aioexec.Limits{Stdout: -1, Stderr: -1})
			return err
		})
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		talking.Cancel(nil)
		if _, err := talking.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("error %v", err)
		}
		if p.State() == nil || signalOf(p) != syscall.SIGKILL {
			t.Errorf("it ended by %v", p.State())
		}
		return nil
	})
}

func TestCommunicateMisused(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, err := aioexec.Start(ctx, child("exit 0"))
		if err != nil {
			return err
		}
		if _, _, err := p.Communicate(ctx, []byte("x"), aioexec.Limits{}); err == nil || !strings.Contains(err.Error(), "cmd.Stdin is not aioexec.Pipe") {
			t.Errorf("error %v", err)
		}
		_, _, err = p.Communicate(ctx, nil, aioexec.Limits{})
		return err
	})
}

// A process that has left the group and holds the pipes is waited for as long as
// cmd.WaitDelay says.
func TestWaitDelay(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		cmd := piped(child("runaway"))
		cmd.WaitDelay = time.Millisecond
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		runaway := number(t, p.Stdout) // what it wrote may not have been read yet when the delay is over
		if _, _, err := p.Communicate(ctx, nil, aioexec.Limits{}); !errors.Is(err, exec.ErrWaitDelay) || p.ExitCode() != 0 {
			t.Errorf("it ended by %v, error %v", p.State(), err)
		}
		syscall.Kill(runaway, syscall.SIGKILL)
		gone(t, runaway)
		return nil
	})
}

func TestOutput(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		out, err := aioexec.Output(ctx, child("hello"))
		if string(out) != "hello\n" || err != nil {
			t.Errorf("%q, error %v", out, err)
		}
		_, err = aioexec.Output(ctx, child("fail 2"))
		if failed, ok := err.(*exec.ExitError); !ok || failed.ExitCode() != 2 || string(failed.Stderr) != "no luck today\n" {
			t.Errorf("error %v", err)
		}
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		if _, err := aioexec.Output(limited, child("hang")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a time-out: error %v", err)
		}
		return nil
	})
}
