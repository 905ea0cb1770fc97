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

// A process is one worker, as the pool has it in hand.
type process struct {
	pid     int
	where   string // for those who ask where a call runs
	cmd     *exec.Cmd
	ch      *channel
	in      *frame.Reader
	errTail *tail
	limit   int64 // of a message

	stopped  bool // a signal such as SIGSTOP has stopped it; the pool's lock guards it
	replaced bool // the pool has killed it while stopped; the pool's lock guards it

	outbox outbox

	mu       sync.Mutex
	reaped   bool          // the pid may be another's from here on
	deadline *time.Timer   // kills a worker that was asked to end
	ended    chan struct{} // closed when the process has ended and state is set
	exited   chan struct{} // closed after ended, when the output is read
	state    *os.ProcessState
}

// startError is why a worker did not come up, and what it printed.
type startError struct {
	err  error
	tail string
}

func (e *startError) Error() string { return e.err.Error() }

// startProcess starts a worker and waits until it says hello.
func startProcess(s *slot) (*process, error) {
	o := &s.pool.opts
	text, err := json.Marshal(orders{
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
	p.where = fmt.Sprintf("worker %d (pid %d)", s.id, p.pid)
	p.in = frame.NewReader(p.ch, o.MaxMessage)
	go p.wait(s, output)
	s.comes(p)
	if err := p.hello(o.StartTimeout); err != nil {
		end := p.end(err)
		p.forget()
		return nil, &startError{end.startFailure(err, o.MemoryLimit), p.errTail.String()}
	}
	return p, nil
}

// wait waits for the end of the process, kills its group, reaps it, and reads the rest of its pipes.
// It does not wait for programs that have left the group, even if they have the pipes open.
func (p *process) wait(s *slot, output *output) {
	if awaitExit(p.pid, func(stopped bool) { s.stoppedBySignal(p, stopped) }) { // until it is reaped, no other process gets the pid
		p.reap()
		p.state, _ = p.cmd.Process.Wait()
	} else {
		p.state, _ = p.cmd.Process.Wait()
		p.reap() // the id of a group is not reused while the group has processes
	}
	close(p.ended)
	p.ch.in.processEnded()
	output.processEnded()
	close(p.exited)
}

// reap kills the remaining processes of the group. After that kill does not signal the group.
func (p *process) reap() {
	p.mu.Lock()
	defer p.mu.Unlock()
	killGroupOf(p.pid)
	p.reaped = true
}

func (p *process) hello(timeout time.Duration) error {
	timer := time.AfterFunc(timeout, p.kill)
	f, err := p.in.Next()
	switch {
	case !timer.Stop():
		return fmt.Errorf("the worker was not ready within %v (Options.StartTimeout): call procpool.Main first in main, and let Options.Init return before that", timeout)
	case err != nil:
		return err
	case f.Kind != frame.Hello:
		return fmt.Errorf("%w: a %v instead of a hello", errOutOfTurn, f.Kind)
	}
	h, err := frame.ParseHello(f.Header)
	switch {
	case err != nil:
		return err
	case h.Version != version || h.Build != build():
		return errors.New("it is another build of the program, or does not register the same functions")
	}
	return nil
}

// body reads what the answer carries.
func (p *process) body(f frame.Frame) ([]byte, error) {
	if f.Flags&frame.InMemory == 0 {
		return p.in.Body()
	}
	n, err := strconv.ParseInt(string(f.Header), 10, 64)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("frame: %q is no length", f.Header)
	}
	if n > p.limit {
		return nil, fmt.Errorf("%w: a result of %d bytes", frame.ErrTooLarge, n)
	}
	return p.ch.getMemory(n)
}

// kill ends the process and its group, if it has not ended.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		killGroupOf(p.pid)
	}
	p.cmd.Process.Kill() // which knows itself whether the process has ended
}

// stop has a worker that is idle, or not ready yet, end by itself, and kills one that
// takes too long.
func (p *process) stop(grace time.Duration) {
	p.ch.closeWrite()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deadline == nil {
		p.deadline = time.AfterFunc(grace, p.kill)
	}
}

// An ending is how a process ended.
type ending struct {
	pid   int
	state *os.ProcessState
	why   error  // what ended the listening
	noted uint64 // the task that it had begun last, if it left word
	shut  bool   // it closed the channel and went on

	replaced bool // the pool killed it because a signal had stopped it
	tail     string
	own      string // of the tail, what was printed since the last call was sent
	trace    string // the beginning of a trace that is longer than the tail
}

// aliveAfterEnd is how long a process may take to be gone after its channel was
// closed. One that exits closes it microseconds before.
const aliveAfterEnd = time.Second

// end waits for the process to end, by force unless it does by itself.
func (p *process) end(why error) ending {
	e := ending{pid: p.pid, why: why}
	if isEnd(why) {
		timer := time.NewTimer(aliveAfterEnd)
		defer timer.Stop()
		select {
		case <-p.ended:
		case <-timer.C:
			e.shut = true
		}
	}
	p.kill()
	<-p.exited
	p.mu.Lock()
	if p.deadline != nil {
		p.deadline.Stop()
	}
	p.mu.Unlock()
	e.noted, _ = p.ch.noted()
	p.ch.close()
	e.state, e.tail = p.state, p.errTail.String()
	e.own, e.trace = p.errTail.ofCall()
	return e
}

// forget lets go of a process that has ended and that nobody can give a job any more.
func (p *process) forget() {
	p.outbox.writers.Wait()
	p.ch.unmap()
}

// startFailure says why the worker did not come up.
func (e ending) startFailure(err error, memoryLimit int64) error {
	if !isEnd(err) {
		return err
	}
	if line := lastLine(e.tail, "procpool: "); line != "" {
		return errors.New(strings.TrimPrefix(line, "procpool: "))
	}
	reason, _ := e.reason(memoryLimit)
	reason = strings.Replace(reason, panicOfFunction, "panic: ", 1) // no function was called yet
	return fmt.Errorf("the worker ended before it was ready, in Options.Init or before procpool.Main: %s", reason)
}

// lastLine returns the last line with the prefix.
func lastLine(text, prefix string) string {
	found := ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			found = strings.TrimSpace(line)
		}
	}
	return found
}
