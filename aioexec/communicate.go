package aioexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Limits are the maximum numbers of bytes that Communicate collects of each output. 0 means
// DefaultLimit, a negative number means no limit.
type Limits struct{ Stdout, Stderr int }

// DefaultLimit is the default limit of Communicate and Output for each stream, in bytes.
const DefaultLimit = 16 << 20

// A LimitError is the error of a process that was killed because its output exceeded a limit.
type LimitError struct {
	Stream string // "stdout" or "stderr"
	Limit  int    // in bytes
}

// Error names the stream and the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("aioexec: the process wrote more than %d bytes to %s, and was killed", e.Limit, e.Stream)
}

// Communicate writes input to the process and closes its standard input. At the same time it
// reads both outputs to their ends, so that a full pipe does not block the process. Then it
// waits for the end of the process as Wait does, and closes the pipes. It uses only streams
// that are pipes. It drops input that the process does not read.
//
// It returns the output of the process, also with an error: an *exec.ExitError if the exit
// code was not 0, a *LimitError if the output exceeded a limit, or ctx.Err() if ctx was
// cancelled. The process has ended in each case. Communicate also waits for a process
// outside of the group that has a pipe open. cmd.WaitDelay limits that wait, with the error
// exec.ErrWaitDelay.
//
// Communicate must be called in a task of the loop. No other task may use the pipes at the
// same time.
func (p *Process) Communicate(ctx context.Context, input []byte, limits Limits) (stdout, stderr []byte, err error) {
	if p.Stdin == nil && len(input) > 0 {
		return nil, nil, fmt.Errorf("aioexec: Communicate: %d bytes of input, but cmd.Stdin is not aioexec.Pipe", len(input))
	}
	out, errs := collector{stream: "stdout", from: p.Stdout, limit: limits.Stdout}, collector{stream: "stderr", from: p.Stderr, limit: limits.Stderr}
	err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		if p.Stdin != nil {
			asyncio.Go(ctx, func(ctx context.Context) error { return p.feed(ctx, input) }, asyncio.Name("stdin"))
		}
		for _, c := range []*collector{&out, &errs} {
			if c.from != nil {
				asyncio.Go(ctx, c.collect, asyncio.Name(c.stream))
			}
		}
		if _, err := p.ended.Await(ctx); err != nil {
			return err
		}
		p.limitReads(out.from, errs.from)
		return nil
	})
	defer p.closePipes()
	if err != nil && ctx.Err() == nil {
		p.Kill()
		p.ended.Await(context.WithoutCancel(ctx))
		if limitErr := (*LimitError)(nil); errors.As(err, &limitErr) {
			err = limitErr
		}
		return out.got, errs.got, err
	}
	if err = p.Wait(ctx); err == nil && (out.cut || errs.cut) {
		err = exec.ErrWaitDelay
	}
	return out.got, errs.got, err
}

// limitReads applies cmd.WaitDelay after the end of the process. Other processes may still
// have its pipes open.
func (p *Process) limitReads(outputs ...*aionet.Conn) {
	if p.Stdin != nil {
		p.Stdin.Close() // the reader has ended
	}
	if p.cmd.WaitDelay <= 0 {
		return
	}
	for _, conn := range outputs {
		if conn != nil {
			conn.SetReadDeadline(time.Now().Add(p.cmd.WaitDelay))
		}
	}
}

func (p *Process) feed(ctx context.Context, input []byte) error {
	defer p.Stdin.Close()
	p.Stdin.Write(input) // an error means that the process does not read its input
	return ctx.Err()
}

// A collector reads one output.
type collector struct {
	stream string
	from   *aionet.Conn
	limit  int
	got    []byte
	cut    bool // cmd.WaitDelay has passed before the end of the output
}

func (c *collector) collect(context.Context) error {
	limit := c.limit
	if limit == 0 {
		limit = DefaultLimit
	}
	defer c.from.Release()
	for {
		b, err := c.from.Next()
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.cut = true
			return nil
		case err != nil:
			return err
		case limit > 0 && len(c.got)+len(b) > limit:
			c.got = append(c.got, b[:limit-len(c.got)]...)
			return &LimitError{c.stream, limit}
		}
		c.got = append(c.got, b...)
	}
}

// Output starts the command, waits for its end as Communicate does, and returns its standard
// output. If the exit code is not 0, the error is an *exec.ExitError. Its Stderr field has
// the standard error of the command, unless cmd.Stderr is set. cmd.Stdout must be nil.
func Output(ctx context.Context, cmd *exec.Cmd, opts ...Option) ([]byte, error) {
	if cmd == nil || cmd.Stdout != nil {
		return nil, errors.New("aioexec: Output: cmd.Stdout must be nil")
	}
	if cmd.Stderr == nil {
		cmd.Stderr = Pipe
	}
	cmd.Stdout = Pipe
	p, err := Start(ctx, cmd, opts...)
	if err != nil {
		return nil, err
	}
	stdout, stderr, err := p.Communicate(ctx, nil, Limits{})
	if failed, ok := err.(*exec.ExitError); ok {
		failed.Stderr = stderr
	}
	return stdout, err
}
