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

// A redirection says where a stream of a command goes. It stands in a field of
// exec.Cmd, and only Start understands it.
type redirection struct{ name string }

// Pipe, as Stdin, Stdout or Stderr of a command, asks Start for a pipe: a connection
// of the loop, in the field of the same name of the Process.
var Pipe io.ReadWriter = &redirection{"Pipe"}

// Stdout, as Stderr of a command, lets it go where Stdout goes.
var Stdout io.Writer = &redirection{"Stdout"}

func (r *redirection) Read([]byte) (int, error)  { return 0, r.misused() }
func (r *redirection) Write([]byte) (int, error) { return 0, r.misused() }

func (r *redirection) misused() error {
	return fmt.Errorf("aioexec: %s is a mark for aioexec.Start: it can be neither read nor written", r.name)
}

// An Option is an option of Start and Output.
type Option func(*options)

type options struct {
	signal os.Signal
	grace  time.Duration
}

// Interrupt has a process that is cancelled get the signal first, and killed only if
// it has not ended after the grace. Its whole group gets it, as from Ctrl-C. Without
// this option, and where the system cannot send the signal, it is killed at once. At
// the end of a loop a grace longer than WithShutdownTimeout is cut short. It panics if
// sig is nil or the grace negative.
func Interrupt(sig os.Signal, grace time.Duration) Option {
	if sig == nil || grace < 0 {
		panic(fmt.Sprintf("aioexec: Interrupt(%v, %v): sig must not be nil, and grace must be at least 0", sig, grace))
	}
	return func(o *options) { o.signal, o.grace = sig, grace }
}

// Start starts the command, suspending the calling task meanwhile. The command is not
// used again afterwards.
//
// Stdin, Stdout and Stderr of cmd are nil, which is the null device, an *os.File,
// which the process gets as it is, or Pipe; Stderr may be Stdout. Other readers and
// writers are refused: see Communicate. A pipe of which nobody reads gets full and
// then stops the process. ExtraFiles, Dir, Env and the rest are as in os/exec.
//
// The process is owned by the innermost scope of ctx: a task group, or Run, does not
// end before it. If ctx is cancelled, or the loop ends, the process is killed; see
// Interrupt. On Linux it is also killed when this program ends, however it ends
// (Pdeathsig, unless cmd.SysProcAttr sets another signal); for a daemon use os/exec.
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
	owner.OnDone(func() { started.SetResult(owner.Err()) }) // it may be cancelled before its first step
	// It takes a moment and is not interrupted. Whoever is cancelled meanwhile learns it
	// by the next await.
	failed, err := started.Await(context.WithoutCancel(ctx))
	if err = errors.Join(err, failed); err != nil {
		p.closePipes()
		return nil, err
	}
	return p, nil
}

// unlimited is for goroutines whose number is bounded by something else.
var unlimited = asyncio.NewLimiter(math.MaxInt32)

// own is the task that stands for the process in its scope.
func (p *Process) own(ctx context.Context, started *asyncio.Future[error]) error {
	atEnd := engine.NodeOf(ctx).Loop().AtClose(p.abandon) // the task was
	_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
		p.run(ctx, started)
		return struct{}{}, nil
	}, asyncio.Via(unlimited))
	atEnd.Remove()
	return err
}

// connect makes the pipes that cmd asks for. It returns the process's ends.
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
		defer ours.Close() // the connection has a descriptor of its own
		theirs = append(theirs, their)
		*conn, err = aionet.FileConn(ctx, ours)
		return their, err
	}
	switch in := cmd.Stdin.(type) {
	case nil, *os.File:
	default:
		if in != Pipe {
			return theirs, refuse("Stdin", in, "")
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
				return theirs, refuse(out.name, to, "; Communicate collects what it prints")
			}
		}
	}
	return theirs, nil
}

func refuse(field string, value any, hint string) error {
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
