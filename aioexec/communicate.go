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

// Limits are how many bytes of output Communicate collects: 0 means DefaultLimit, less
// than 0 any number.
type Limits struct{ Stdout, Stderr int }

// DefaultLimit is how much Communicate and Output collect of each stream unless they
// are told otherwise: 16 MiB.
const DefaultLimit = 16 << 20

// A LimitError is the end of a process that wrote more than it was allowed to.
type LimitError struct {
	Stream string // "stdout" or "stderr"
	Limit  int    // in bytes
}

// Error names the stream and the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("aioexec: the process wrote more than %d bytes to %s, and was killed", e.Limit, e.Stream)
}

// Communicate writes input to the process and closes its standard input, reads both
// outputs to their ends, all at once, so that no full pipe can hold it up, waits for
// the end of the process as Wait does, and closes the pipes. Streams that are no pipes
// are left alone. Input that the process does not take is dropped.
//
// It returns what the process wrote, also with an error: an *exec.ExitError if the
// process did not exit with 0, a *LimitError if it wrote too much, ctx.Err() if ctx
// was cancelled. The process has ended in each case. A process outside of the group to
// which this one left a pipe keeps Communicate waiting; with cmd.WaitDelay only for so
// long, and the error is exec.ErrWaitDelay then.
//
// It is called in a task of the loop, and nobody else uses the pipes meanwhile.
func (p *Process) Communicate(ctx context.Context, input []byte, limits Limits) (stdout, stderr []byte, err error) {
	if p.Stdin == nil && len(input) > 0 {
		return nil, nil, errors.New("aioexec: Communicate: there is input, but cmd.Stdin is not aioexec.Pipe")
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
		p.outlived(out.from, errs.from)
		return nil
	})
	defer p.closePipes()
	if err != nil && ctx.Err() == nil {
		p.Kill()
		p.ended.Await(context.WithoutCancel(ctx))
		if tooMuch := (*LimitError)(nil); errors.As(err, &tooMuch) {
			err = tooMuch
		}
		return out.got, errs.got, err
	}
	if err = p.Wait(ctx); err == nil && (out.cut || errs.cut) {
		err = exec.ErrWaitDelay
	}
	return out.got, errs.got, err
}

// outlived is called when the process has ended and somebody may still have its pipes.
func (p *Process) outlived(outputs ...*aionet.Conn) {
	if p.Stdin != nil {
		p.Stdin.Close() // nobody that is waited for reads it
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
	p.Stdin.Write(input) // what it does not want is dropped
	return ctx.Err()
}

// A collector reads one output.
type collector struct {
	stream string
	from   *aionet.Conn
	limit  int
	got    []byte
	cut    bool // by cmd.WaitDelay
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

// Output starts the command, waits for its end as Communicate does, and returns what
// it wrote to its standard output. If it did not exit with 0 the error is an
// *exec.ExitError with what it wrote to its standard error, unless cmd.Stderr is set.
// cmd.Stdout must be nil.
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
