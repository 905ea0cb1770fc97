package procpool

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/frame"
)

// A process is a worker, as the pool sees it.
type process struct {
	pid     int
	label   string // "worker 1 (pid 4711)"
	cmd     *exec.Cmd
	ch      *channel
	in      *frame.Reader
	errTail *tail
	limit   int64 // of a message, in bytes

	stopped  bool // a signal such as SIGSTOP has stopped it; the pool's lock guards it
	replaced bool // the pool has killed it while stopped; the pool's lock guards it

	outbox outbox

	mu       sync.Mutex
	reaped   bool          // another process may have the pid
	deadline *time.Timer   // kills a worker that was asked to end
	ended    chan struct{} // closed when the process has ended and state is set
	exited   chan struct{} // closed after ended, when the output is read
	state    *os.ProcessState
}

// A startError is the error of a worker that ended before it was ready, and its output.
type startError struct {
	err  error
	tail string
}

func (e *startError) Error() string { return e.err.Error() }

// startProcess starts a worker and waits for its hello frame.
func startProcess(s *slot) (*process, error) {
	o := &s.pool.opts
	text, err := json.Marshal(workerConfig{
		Version: version, ID: s.id, Parent: os.Getpid(), Nice: o.Nice, MemoryLimit: o.MemoryLimit, MaxMessage: o.MaxMessage,
		InitBy: time.Now().Add(o.StartTimeout / 4 * 3).UnixNano(), Init: s.pool.init,
	})
	if err != nil {
		return nil, err
	}
	path, err := executable()
	if err != nil {
		return nil, err
	}
	p := &process{errTail: &tail{}, limit: o.MaxMessage, ended: make(chan struct{}), exited: make(chan struct{})}
	p.cmd = &exec.Cmd{Path: path, Args: []string{os.Args[0], fmt.Sprintf("(worker %d)", s.id)}, Dir: o.Dir}
	p.cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(o.GOMAXPROCS))
	p.cmd.Env = append(append(p.cmd.Env, o.Env...), workerEnv+"="+string(text))
	output, err := newOutput(p.cmd)
	if err != nil {
		return nil, err
	}
	p.ch, err = startWithChannel(p.cmd)
	output.started()
	if err != nil {
		output.close()
		if _, dirErr := os.Stat(o.Dir); o.Dir != "" && dirErr != nil {
			err = fmt.Errorf("Options.Dir: %w", dirErr)
		}
		return nil, err
	}
	output.copyTo(s.output("stdout", o.Stdout), p.errTail, s.output("stderr", o.Stderr))
	p.outbox.ch, p.outbox.now = p.ch, newAttempt(p.ch.out)
	p.pid = p.cmd.Process.Pid
	p.label = fmt.Sprintf("worker %d (pid %d)", s.id, p.pid)
	p.in = frame.NewReader(p.ch, o.MaxMessage)
	go p.wait(s, output)
	s.setStarting(p)
	if err := p.awaitHello(o.StartTimeout); err != nil {
		end := p.end(err)
		p.release()
		return nil, &startError{end.startFailure(err, o.MemoryLimit), p.errTail.String()}
	}
	return p, nil
}

// wait waits for the end of the process, kills its group, reaps it, and reads its pipes to the end.
// It does not wait for programs that have left the group, even if they have the pipes open.
func (p *process) wait(s *slot, output *output) {
	if awaitExit(p.pid, func(stopped bool) { s.stoppedBySignal(p, stopped) }) { // until it is reaped, no other process gets the pid
		p.killRemaining()
		p.state, _ = p.cmd.Process.Wait()
	} else {
		p.state, _ = p.cmd.Process.Wait()
		p.killRemaining() // the ID of a group is not reused while the group has processes
	}
	close(p.ended)
	p.ch.in.processEnded()
	output.processEnded()
	close(p.exited)
}

// killRemaining kills the remaining processes of the group. After it, kill does not signal the group.
func (p *process) killRemaining() {
	p.mu.Lock()
	defer p.mu.Unlock()
	killGroupOf(p.pid)
	p.reaped = true
}

// awaitHello reads the hello frame. It kills a worker that is not ready before the timeout.
func (p *process) awaitHello(timeout time.Duration) error {
	timer := time.AfterFunc(timeout, p.kill)
	f, err := p.in.Next()
	switch {
	case !timer.Stop():
		return fmt.Errorf("the worker was not ready within %v (Options.StartTimeout); call procpool.Main first in main, and return from Options.Init before its ctx ends", timeout)
	case err != nil:
		return err
	case f.Kind != frame.Hello:
		return fmt.Errorf("%w: %v before hello", errUnexpectedFrame, f.Kind)
	}
	h, err := frame.ParseHello(f.Header)
	switch {
	case err != nil:
		return err
	case h.Version != version || h.Build != build():
		return errors.New("the worker is another build of the program, or does not register the same functions")
	}
	return nil
}

// body returns the body of an answer, from the frame or from shared memory.
func (p *process) body(f frame.Frame) ([]byte, error) {
	if f.Flags&frame.InMemory == 0 {
		return p.in.Body()
	}
	n, err := strconv.ParseInt(string(f.Header), 10, 64)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("frame: header %q: must be a length in bytes", f.Header)
	}
	if n > p.limit {
		return nil, fmt.Errorf("%w: result of %d bytes, the limit is %d", frame.ErrTooLarge, n, p.limit)
	}
	return p.ch.getMemory(n)
}

// kill kills the process and its group. It does nothing if the process has ended.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		killGroupOf(p.pid)
	}
	p.cmd.Process.Kill() // does nothing after Wait
}

// stop asks a worker that is idle or not ready yet to end, by closing its channel. It kills
// the worker after grace.
func (p *process) stop(grace time.Duration) {
	p.ch.closeWrite()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deadline == nil {
		p.deadline = time.AfterFunc(grace, p.kill)
	}
}

// A processExit describes the end of a process.
type processExit struct {
	pid           int
	state         *os.ProcessState
	readErr       error  // the error of the last read from the channel
	lastBegun     uint64 // the task that it began last; 0: not known
	channelClosed bool   // it closed the channel and continued

	replaced bool   // the pool killed it because a signal had stopped it
	tail     string // the end of its standard error
	callTail string // the part of tail after the last call was sent
	trace    string // the beginning of a trace that is longer than tail
}

// exitTimeout is how long a process may run after it has closed its channel. A process
// that exits closes the channel some microseconds before.
const exitTimeout = time.Second

// end waits until the process has ended. It kills the process at once, or after exitTimeout
// if readErr says that the channel was closed.
func (p *process) end(readErr error) processExit {
	e := processExit{pid: p.pid, readErr: readErr}
	if isEnd(readErr) {
		timer := time.NewTimer(exitTimeout)
		defer timer.Stop()
		select {
		case <-p.ended:
		case <-timer.C:
			e.channelClosed = true
		}
	}
	p.kill()
	<-p.exited
	p.mu.Lock()
	if p.deadline != nil {
		p.deadline.Stop()
	}
	p.mu.Unlock()
	e.lastBegun, _ = p.ch.lastBegun()
	p.ch.close()
	e.state, e.tail = p.state, p.errTail.String()
	e.callTail, e.trace = p.errTail.ofCall()
	return e
}

// release frees the memory of a process that has ended and that no slot uses any more.
func (p *process) release() {
	p.outbox.writers.Wait()
	p.ch.unmap()
}

// startFailure returns the reason why the worker was not ready, as an error.
func (e processExit) startFailure(err error, memoryLimit int64) error {
	if !isEnd(err) {
		return err
	}
	if line := lastLine(e.tail, "procpool: "); line != "" {
		return errors.New(strings.TrimPrefix(line, "procpool: "))
	}
	reason, _ := e.reason(memoryLimit)
	reason = strings.Replace(reason, panicOfFunction, "panic: ", 1) // no call has begun
	return fmt.Errorf("the worker ended before it was ready, in Options.Init or before procpool.Main: %s", reason)
}

// lastLine returns the last line with the prefix, without space around it. It returns an
// empty string if there is none.
func lastLine(text, prefix string) string {
	found := ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			found = strings.TrimSpace(line)
		}
	}
	return found
}
