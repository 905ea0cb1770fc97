package executortest

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio"
)

// workerEnv is an environment variable of the processes that spawning starts.
const workerEnv = "EXECUTORTEST_WORKER"

const (
	crashIsResult flaw = "takes a crash for a result"
	neverKills    flaw = "kills nothing"
)

// A spawning is an executor that starts this binary for each call.
type spawning struct {
	flaw  flaw
	grace time.Duration // from a cancellation to the kill
	slots chan struct{}
	all   sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	idle    chan struct{}
	stopped context.Context
	stop    context.CancelFunc
	killed  []string
}

func newSpawning(workers int) *spawning {
	s := &spawning{grace: 500 * time.Millisecond, slots: make(chan struct{}, workers), idle: make(chan struct{})}
	s.stopped, s.stop = context.WithCancel(context.Background())
	return s
}

// A toWorker is a call, or the cancellation of the call.
type toWorker struct {
	Func     string
	Arg      []byte
	Deadline time.Time
	Cause    []byte
}

// A fromWorker is a progress report, or the result.
type fromWorker struct {
	Done, Total int64
	Note        string
	End         bool
	Result, Err []byte
}

// A crashed is the error of a call whose process ended without a result.
type crashed struct{ how string }

func (e *crashed) Error() string { return "the process ended: " + e.how }
func (e *crashed) Lost() bool    { return true }

func (s *spawning) Local() bool  { return false }
func (s *spawning) Workers() int { return cap(s.slots) }

func (s *spawning) Start(ctx context.Context, c *asyncio.Call) error {
	if s.isClosed() {
		return asyncio.ErrExecutorClosed
	}
	if err := asyncio.Send(ctx, s.slots, struct{}{}); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		<-s.slots
		return asyncio.ErrExecutorClosed
	}
	s.all.Go(func() {
		defer func() { <-s.slots }()
		c.Finish(s.serve(c))
	})
	return nil
}

func (s *spawning) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *spawning) serve(c *asyncio.Call) (result []byte, err error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerEnv+"=1", "GORACE=atexit_sleep_ms=0") // by default the race detector sleeps a second at exit
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.Started(fmt.Sprint("process ", cmd.Process.Pid))
	sent := make(chan struct{})
	writer := gob.NewEncoder(in)
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		<-sent
		s.cancel(c, cmd.Process, writer, ended)
	})
	deadline, _ := c.Context().Deadline()
	sendErr := writer.Encode(toWorker{Func: c.Func(), Arg: c.Arg(), Deadline: deadline})
	close(sent)
	last, readErr := s.read(c, out)
	close(ended)
	watch.Wait()
	in.Close()
	waitErr := cmd.Wait()
	switch {
	case last.End:
		return last.Result, asyncio.DecodeError(last.Err)
	case s.flaw == crashIsResult:
		return nil, nil
	}
	return nil, &crashed{fmt.Sprint(errors.Join(sendErr, readErr, waitErr))}
}

// read reports progress and returns the result.
func (s *spawning) read(c *asyncio.Call, out io.Reader) (fromWorker, error) {
	for reader := gob.NewDecoder(out); ; {
		var m fromWorker
		if err := reader.Decode(&m); err != nil || m.End {
			return m, err
		}
		c.Progress(m.Done, m.Total, m.Note)
	}
}

// cancel sends the cancellation to the worker, and kills it after the grace.
func (s *spawning) cancel(c *asyncio.Call, worker *os.Process, writer *gob.Encoder, ended <-chan struct{}) {
	cause := asyncio.ErrExecutorClosed
	select {
	case <-ended:
		return
	case <-c.Context().Done():
		cause = context.Cause(c.Context())
	case <-s.stopped.Done():
	}
	if err := writer.Encode(toWorker{Cause: asyncio.EncodeError(cause)}); err == nil {
		grace := time.NewTimer(s.grace)
		defer grace.Stop()
		select {
		case <-ended:
			return
		case <-grace.C:
		}
	}
	if s.flaw == neverKills {
		return
	}
	s.mu.Lock()
	s.killed = append(s.killed, c.Func())
	s.mu.Unlock()
	worker.Kill()
}

func (s *spawning) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		go func() {
			s.all.Wait()
			s.stop()
			close(s.idle)
		}()
	}
	s.mu.Unlock()
	err := waitFor(ctx, s.idle)
	if err == nil {
		return nil
	}
	s.stop()
	if e := waitFor(context.WithoutCancel(ctx), s.idle); e != nil {
		return e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.killed) == 0 {
		return nil
	}
	return fmt.Errorf("killed: %q: %w", s.killed, err)
}

// serveOneCall is the main function of a process that spawning starts.
func serveOneCall() {
	reader, writer := gob.NewDecoder(os.Stdin), gob.NewEncoder(os.Stdout)
	var call toWorker
	if err := reader.Decode(&call); err != nil {
		fmt.Fprintln(os.Stderr, "executortest: no call:", err)
		os.Exit(1)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	if !call.Deadline.IsZero() {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, call.Deadline)
		defer stop()
	}
	go func() {
		var m toWorker
		if reader.Decode(&m) == nil {
			cancel(asyncio.DecodeError(m.Cause))
		}
	}()
	send := func(m fromWorker) {
		if err := writer.Encode(m); err != nil {
			fmt.Fprintln(os.Stderr, "executortest: no answer:", err)
			os.Exit(1)
		}
	}
	ctx = asyncio.WithProgress(ctx, func(done, total int64, note string) {
		send(fromWorker{Done: done, Total: total, Note: note})
	})
	result, err := asyncio.Execute(ctx, call.Func, call.Arg)
	send(fromWorker{End: true, Result: result, Err: asyncio.EncodeError(err)})
}
