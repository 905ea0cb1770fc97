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

// A Process is a started command. Its methods may be called from any task and any
// goroutine, unless their documentation says otherwise.
type Process struct {
	// The pipes that the command asked for with Pipe, or nil. They are connections of the
	// loop. They stay open when the process has ended, so that its output can be read.
	// The caller must close them, for example with Close.
	Stdin, Stdout, Stderr *aionet.Conn

	cmd   *exec.Cmd
	opts  options
	group bool                      // the process leads a process group
	ended *asyncio.Future[struct{}] // done after state and err are set

	mu        sync.Mutex // guards the fields below, and prevents signals after reaping
	started   bool
	abandoned bool // the loop ended before the process was started
	state     *os.ProcessState
	err       error // the result of Wait
	stopping  bool
	killer    *time.Timer // kills the process after the grace
}

// run starts the process and reaps it. It locks its goroutine to a thread, because on Linux
// the process is killed when that thread ends.
func (p *Process) run(ctx context.Context, started *asyncio.Future[error]) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started.SetResult(err)
		return
	}
	p.mu.Lock()
	if p.started = true; p.abandoned {
		p.signalAll(os.Kill)
	}
	p.mu.Unlock()
	started.SetResult(nil)
	defer context.AfterFunc(ctx, p.stop)()

	if awaitExit(p.cmd.Process.Pid) { // not reaped yet, so no other process has the pid
		p.mu.Lock()
		p.killGroup()
		p.reaped(p.cmd.Wait())
	} else {
		err := p.cmd.Wait()
		p.mu.Lock()
		p.killGroup() // the ID of a group is not reused while the group has processes
		p.reaped(err)
	}
	p.mu.Unlock()
	p.ended.SetResult(struct{}{})
}

// killGroup kills the remaining processes of the group. The caller must hold the lock.
func (p *Process) killGroup() {
	if p.group {
		signalGroup(p.cmd.Process.Pid, os.Kill)
	}
}

// reaped stores the state and the error of the ended process. The caller must hold the lock.
func (p *Process) reaped(err error) {
	p.state, p.err = p.cmd.ProcessState, err
	if p.killer != nil {
		p.killer.Stop()
	}
}

// stop kills the process. With Interrupt it sends the signal first, and kills the process
// after the grace.
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

// signalAll signals the group, or the process if it leads none. The caller must hold the lock.
func (p *Process) signalAll(sig os.Signal) error {
	switch {
	case p.state != nil || !p.started:
		return os.ErrProcessDone
	case p.group:
		return signalGroup(p.cmd.Process.Pid, sig)
	}
	return p.cmd.Process.Signal(sig)
}

// Wait waits for the end of the process. In a task it suspends the task, in another
// goroutine it blocks. It returns nil if the exit code was 0, and an *exec.ExitError
// otherwise. Further calls return the same.
//
// If ctx is cancelled, Wait kills the process, after the signal and the grace of Interrupt.
// It returns ctx.Err() when the process has ended. So a timeout of ctx limits the process,
// not the wait. To stop waiting without killing the process, await Done. On Linux the
// process does not outlive this program: see Start.
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

// Done returns a channel that is closed when the process has ended. A task waits for it with
// asyncio.Recv.
func (p *Process) Done() <-chan struct{} { return p.ended.Done() }

// Pid returns the process ID.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// State returns the exit status and the resource usage of the process, or nil while it runs.
func (p *Process) State() *os.ProcessState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// ExitCode returns the exit code of the process. It returns -1 while the process runs, and
// if a signal ended it. State has the signal.
func (p *Process) ExitCode() int { return p.State().ExitCode() }

// Signal sends a signal to the process, but not to its group. It returns
// os.ErrProcessDone when the process has ended.
func (p *Process) Signal(sig os.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != nil {
		return os.ErrProcessDone
	}
	return p.cmd.Process.Signal(sig)
}

// Kill kills the process and its group, without a grace period. It does not wait for the
// end. It returns os.ErrProcessDone when the process has ended.
func (p *Process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signalAll(os.Kill)
}

// abandon kills the process. If the process is not started yet, run kills it after the start.
func (p *Process) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.abandoned = true
	p.signalAll(os.Kill)
}

// Close kills the process if it has not ended, and closes the pipes. It does not wait for
// the end: the scope that owns the process does. It returns nil. A second call does nothing.
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
