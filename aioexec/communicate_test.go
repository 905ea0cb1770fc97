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

// TestCommunicate_FullPipes: full pipes do not block Communicate. The child fills both outputs
// before it reads, and the input is larger than a pipe.
func TestCommunicate_FullPipes(t *testing.T) {
	const size = 1 << 20
	onLoop(t, func(ctx context.Context) error {
		p, err := aioexec.Start(ctx, piped(child("flood %d", size)))
		if err != nil {
			return err
		}
		out, errs, err := p.Communicate(ctx, make([]byte, size), aioexec.Limits{})
		if len(out) != size || len(errs) != size {
			t.Errorf("%d and %d bytes, want %d of each", len(out), len(errs), size)
		}
		return err
	})
}

func TestCommunicate(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		for _, input := range [][]byte{nil, []byte("a"), bytes.Repeat([]byte("0123456789abcdef"), 1<<16)} {
			p, err := aioexec.Start(ctx, piped(child("cat")))
			if err != nil {
				return err
			}
			out, errs, err := p.Communicate(ctx, input, aioexec.Limits{Stdout: -1})
			if !bytes.Equal(out, input) || len(errs) > 0 || err != nil {
				t.Errorf("%d bytes of %d, stderr %q, error %v", len(out), len(input), errs, err)
			}
		}
		return nil
	})
}

// TestCommunicate_UnreadInput: Communicate drops input that the process does not read.
func TestCommunicate_UnreadInput(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		p, err := aioexec.Start(ctx, piped(child("ignore")))
		if err != nil {
			return err
		}
		out, _, err := p.Communicate(ctx, make([]byte, 1<<20), aioexec.Limits{})
		if string(out) != "input ignored\n" {
			t.Errorf("the output is %q", out)
		}
		return err
	})
}

func TestCommunicate_Limits(t *testing.T) {
	const size = 100_000
	for name, c := range map[string]struct {
		limits aioexec.Limits
		stream string
	}{
		"stdout":        {aioexec.Limits{Stdout: 5000}, "stdout"},
		"stderr":        {aioexec.Limits{Stderr: 5000}, "stderr"},
		"one too small": {aioexec.Limits{Stdout: size - 1}, "stdout"},
		"at the limit":  {aioexec.Limits{Stdout: size, Stderr: size}, ""},
		"no limit":      {aioexec.Limits{Stdout: -1, Stderr: -1}, ""},
		"default":       {aioexec.Limits{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) error {
				p, err := aioexec.Start(ctx, piped(child("flood %d", size)))
				if err != nil {
					return err
				}
				out, errs, err := p.Communicate(ctx, nil, c.limits)
				if c.stream == "" {
					if len(out) != size || len(errs) != size || err != nil {
						t.Errorf("%d and %d bytes, error %v", len(out), len(errs), err)
					}
					return nil
				}
				limitErr, ok := err.(*aioexec.LimitError)
				if !ok || limitErr.Stream != c.stream || !strings.Contains(err.Error(), c.stream) {
					t.Errorf("error %v; want a LimitError of %s", err, c.stream)
				}
				if c.stream == "stdout" && len(out) != c.limits.Stdout || c.stream == "stderr" && len(errs) != c.limits.Stderr {
					t.Errorf("%d and %d bytes with the limits %v", len(out), len(errs), c.limits)
				}
				if p.State() == nil {
					t.Error("the process still runs")
				}
				return nil
			})
		})
	}
}

func TestCommunicate_ExitCode(t *testing.T) {
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

func TestCommunicate_Cancelled(t *testing.T) {
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
			t.Errorf("state %v", p.State())
		}
		return nil
	})
}

func TestCommunicate_Misuse(t *testing.T) {
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

// TestCommunicate_WaitDelay: cmd.WaitDelay limits the wait for a process that has left the group
// and has the pipes open.
func TestCommunicate_WaitDelay(t *testing.T) {
	onLoop(t, func(ctx context.Context) error {
		cmd := piped(child("leave-group"))
		cmd.WaitDelay = time.Millisecond
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		leaveGroup := readPid(t, p.Stdout) // read before the delay has passed
		if _, _, err := p.Communicate(ctx, nil, aioexec.Limits{}); !errors.Is(err, exec.ErrWaitDelay) || p.ExitCode() != 0 {
			t.Errorf("state %v, error %v", p.State(), err)
		}
		syscall.Kill(leaveGroup, syscall.SIGKILL)
		waitGone(t, leaveGroup)
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
			t.Errorf("with a timeout: error %v", err)
		}
		return nil
	})
}
