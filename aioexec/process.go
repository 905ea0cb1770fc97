package aioexec

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A Process is a command that was started. Its methods may be called from any task and
// any goroutine, unless they say otherwise.
type Process struct {
	// The pipes that the command asked for, or nil. They belong to the loop, and stay
	// open when the process has ended, so that what it wrote can be read: to close
	// them is the caller's, see Close.
	Stdin, Stdout, Stderr *aionet.Conn

	cmd   *exec.Cmd
	opts  options
	group bool                      // it leads a process group
	ended *asyncio.Future[struct{}] // after state and err are set

	mu       sync.Mutex // of what follows, and of signals against reaping
	running  bool       // it was started
	doomed   bool       // the loop ended before that
	state    *os.ProcessState
	err      error // what Wait returns
	stopping bool
	killer   *time.Timer // at the end of the grace
}

// run starts the process and reaps it, in a goroutine with a thread of its own. It
// would take the thread anyway while it waits; and on Linux the process dies with it.
func (p *Process) run(ctx context.Context, started *asyncio.Future[error]) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started.SetResult(err)
		return
	}
	p.mu.Lock()
	if p.running = true; p.doomed {
		p.signalAll(os.Kill)
	}
	p.mu.Unlock()
	started.SetResult(nil)
	defer context.AfterFunc(ctx, p.stop)()

	if awaitExit(p.cmd.Process.Pid) { // ended and not reaped: the number is its own
		p.mu.Lock()
		p.killGroup()
		p.reaped(p.cmd.Wait())
	} else {
		err := p.cmd.Wait()
		p.mu.Lock()
		p.killGroup() // it keeps the number of its leader for as long as there is something left of it
		p.reaped(err)
	}
	p.mu.Unlock()
	p.ended.SetResult(struct{}{})
}

// killGroup kills what is left of the group. The lock is held.
func (p *Process) killGroup() {
	if p.group {
		signalGroup(p.cmd.Process.Pid, os.Kill)
	}
}

// reaped notes the end. The lock is held.
func (p *Process) reaped(err error) {
	p.state, p.err = p.cmd.ProcessState, err
	if p.killer != nil {
		p.killer.Stop()
	}
}

// stop ends the process: by the signal and after the grace, or at once.
func (p *Process) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != nil || p.stopping {
		return
	}
	p.stopping = true
	if p.opts.signal != nil && p.opts.grace > 0 && p.signalAll(p.opts.signal) == nil {
		p.killer = time.AfterFunc(p.opts.grace, func() { p.Kill() })
		return
	}
	p.signalAll(os.Kill)
}

// signalAll signals the group if there is one. The lock is held.
func (p *Process) signalAll(sig os.Signal) error {
	switch {
	case p.state != nil || !p.running:
		return os.ErrProcessDone
	case p.group:
		return signalGroup(p.cmd.Process.Pid, sig)
	}
	return p.cmd.Process.Signal(sig)
}

// Wait waits for the end of the process, suspending the calling task, or blocking the
// goroutine of no loop. It returns nil if the process exited with 0, an
// *exec.ExitError if it did not, or was killed. Further calls return the same.
//
// If ctx is cancelled, the process is killed, after the signal and the grace of
// Interrupt. Wait returns ctx.Err() when the process has ended. So the time-out of ctx limits
// the process, not the wait. To stop waiting and let the process run, await Done. On Linux
// the process does not outlive this program: see Start.
func (p *Process) Wait(ctx context.Context) error {
	_, err := p.ended.Await(ctx)
	if err != nil && ctx != nil && ctx.Err() != nil {
		p.stop()
		if _, err = p.ended.Await(context.WithoutCancel(ctx)); err == nil {
			return ctx.Err()
		}
	}
	if err != nil {
		return err
	}
	return p.err
}

// Done returns a channel that is closed when the process has ended: for asyncio.Recv,
// or a select in a goroutine.
func (p *Process) Done() <-chan struct{} { return p.ended.Done() }

// Pid returns the number of the process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// State tells how the process ended and what it used; nil while it runs.
func (p *Process) State() *os.ProcessState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// ExitCode returns what the process exited with: -1 while it runs, and if a signal
// ended it, which State tells.
func (p *Process) ExitCode() int { return p.State().ExitCode() }

// Signal sends a signal to the process alone. It returns os.ErrProcessDone when the
// process has ended.
func (p *Process) Signal(sig os.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != nil {
		return os.ErrProcessDone
	}
	return p.cmd.Process.Signal(sig)
}

// Kill kills the process and its group, without a grace. It does not wait for the end.
// It returns os.ErrProcessDone when the process has ended.
func (p *Process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signalAll(os.Kill)
}

// abandon kills the process, or has it killed when it has started.
func (p *Process) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doomed = true
	p.signalAll(os.Kill)
}

// Close kills the process if it has not ended, and closes the pipes. It does not wait,
// as the scope that owns the process does. It returns nil; a second call does nothing.
func (p *Process) Close() error {
	p.Kill()
	p.closePipes()
	return nil
}

func (p *Process) closePipes() {
	for _, conn := range []*aionet.Conn{p.Stdin, p.Stdout, p.Stderr} {
		if conn != nil {
			conn.Close()
		}
	}
}
