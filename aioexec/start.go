package aioexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A redirection is a value for a stream of exec.Cmd that Start replaces.
type redirection struct{ name string }

// Pipe, as Stdin, Stdout or Stderr of a command, makes Start create a pipe. The Process has
// a connection of the loop in the field of the same name.
var Pipe io.ReadWriter = &redirection{"Pipe"}

// Stdout, as Stderr of a command, redirects the stream to the command's Stdout.
var Stdout io.Writer = &redirection{"Stdout"}

func (r *redirection) Read([]byte) (int, error)  { return 0, r.misuseError() }
func (r *redirection) Write([]byte) (int, error) { return 0, r.misuseError() }

func (r *redirection) misuseError() error {
	return fmt.Errorf("aioexec: %s cannot be read or written; use it in a command for aioexec.Start", r.name)
}

// An Option is an option of Start and Output.
type Option func(*options)

type options struct {
	signal os.Signal
	grace  time.Duration
}

// Interrupt makes a cancellation send the signal first, to the process and its group. The
// process is killed if it has not ended after the grace. Without this option, or if the
// system cannot send the signal, a cancelled process is killed at once. WithShutdownTimeout
// of the loop limits the grace when the loop ends. Interrupt panics if sig is nil or grace
// is negative.
func Interrupt(sig os.Signal, grace time.Duration) Option {
	if sig == nil || grace < 0 {
		panic(fmt.Sprintf("aioexec: Interrupt(%v, %v): sig must not be nil, and grace must be at least 0", sig, grace))
	}
	return func(o *options) { o.signal, o.grace = sig, grace }
}

// Start starts the command. It suspends the calling task until the process has started. The
// caller must not use cmd again.
//
// Stdin, Stdout and Stderr of cmd must be nil for the null device, an *os.File, or Pipe.
// Stderr may also be Stdout. Start returns an error for other readers and writers: use
// Communicate. A process that writes to a full pipe blocks until the pipe is read. The other
// fields of cmd are as in os/exec.
//
// The innermost scope of ctx owns the process: a task group, or Run, waits for its end. If
// ctx is cancelled, or the loop ends, the process is killed: see Interrupt. On Linux it is
// also killed when this program ends in any way (Pdeathsig, unless cmd.SysProcAttr sets
// another signal). For a daemon use os/exec.
//
// The process leads a new process group, unless cmd.SysProcAttr sets a group. So Ctrl-C at
// the terminal signals this program only. When the process ends, the remaining processes
// of its group are killed.
//
// If cmd.Stdin or cmd.Stdout is the controlling terminal of this program, the process stays
// in the group of this program, as with os/exec. It may read the terminal, and Ctrl-C
// signals both. Interrupt and a cancellation then reach the process only.
func Start(ctx context.Context, cmd *exec.Cmd, opts ...Option) (*Process, error) {
	if _, err := engine.Enter(ctx); err != nil {
		return nil, err
	}
	if cmd == nil {
		return nil, errors.New("aioexec: Start: nil command")
	}
	p := &Process{cmd: cmd, ended: asyncio.NewFuture[struct{}](ctx)}
	for _, opt := range opts {
		if opt != nil {
			opt(&p.opts)
		}
	}
	theirs, err := p.connect(ctx)
	defer closeAll(theirs)
	if err != nil {
		p.closePipes()
		return nil, err
	}
	p.group = prepare(cmd)

	started := asyncio.NewFuture[error](ctx)
	owner := asyncio.Go(ctx, func(ctx context.Context) error { return p.own(ctx, started) }, asyncio.Name("process "+filepath.Base(cmd.Path)))
	owner.OnDone(func() { started.SetResult(owner.Err()) }) // the owner may be cancelled before its first step
	// A cancellation does not interrupt the start. The next await of the caller returns it.
	failed, err := started.Await(context.WithoutCancel(ctx))
	if err = errors.Join(err, failed); err != nil {
		p.closePipes()
		return nil, err
	}
	return p, nil
}

// unlimited is the limiter of the goroutines that wait for processes. The system bounds the
// number of processes.
var unlimited = asyncio.NewLimiter(math.MaxInt32)

// own is the body of the task that represents the process in its scope.
func (p *Process) own(ctx context.Context, started *asyncio.Future[error]) error {
	atEnd := engine.NodeOf(ctx).Loop().AtClose(p.abandon) // if the loop abandons the task
	_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
		p.run(ctx, started)
		return struct{}{}, nil
	}, asyncio.Via(unlimited))
	atEnd.Remove()
	return err
}

// connect creates the pipes that cmd asks for. It returns the ends for the process.
func (p *Process) connect(ctx context.Context) (theirs []*os.File, err error) {
	cmd := p.cmd
	pipe := func(conn **aionet.Conn, oursReads bool) (*os.File, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		ours, their := w, r
		if oursReads {
			ours, their = r, w
		}
		defer ours.Close() // the connection has a duplicate of the descriptor
		theirs = append(theirs, their)
		*conn, err = aionet.FileConn(ctx, ours)
		return their, err
	}
	switch in := cmd.Stdin.(type) {
	case nil, *os.File:
	default:
		if in != Pipe {
			return theirs, invalidStream("Stdin", in, "")
		}
		if cmd.Stdin, err = pipe(&p.Stdin, false); err != nil {
			return theirs, err
		}
	}
	for _, out := range []struct {
		name string
		to   *io.Writer
		conn **aionet.Conn
	}{{"Stdout", &cmd.Stdout, &p.Stdout}, {"Stderr", &cmd.Stderr, &p.Stderr}} {
		switch to := (*out.to).(type) {
		case nil, *os.File:
		default:
			switch {
			case to == Pipe:
				if *out.to, err = pipe(out.conn, true); err != nil {
					return theirs, err
				}
			case to == Stdout && out.name == "Stderr":
				*out.to = cmd.Stdout
			default:
				return theirs, invalidStream(out.name, to, "; to collect the output, use Pipe and Communicate")
			}
		}
	}
	return theirs, nil
}

func invalidStream(field string, value any, hint string) error {
	what := fmt.Sprintf("a %T", value)
	if r, ok := value.(*redirection); ok {
		what = "aioexec." + r.name
	}
	return fmt.Errorf("aioexec: Start: cmd.%s is %s: must be nil, an *os.File or aioexec.Pipe%s", field, what, hint)
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
