package procpool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/frame"
	"github.com/asyncio-go/asyncio/internal/truncate"
)

// serve is the main function of a worker process. It does not return.
func serve(o workerConfig) {
	fail := func(code int, err error) {
		fmt.Fprintln(os.Stderr, "procpool: the worker cannot start:", truncate.Middle(err.Error(), maxStartError))
		os.Exit(code)
	}
	ch, err := workerChannel()
	if err != nil {
		fail(exitChannel, err)
	}
	if err := applyLimits(o); err != nil {
		fail(exitLimits, err)
	}
	handleHangup(o.Parent)
	w := &worker{ch: ch, in: frame.NewReader(ch, o.MaxMessage), limit: o.MaxMessage, wake: make(chan struct{})}
	if o.Init != nil {
		if err := w.init(o); err != nil {
			fail(exitInit, fmt.Errorf("Options.Init: %w", err))
		}
	}
	w.send(frame.Frame{Kind: frame.Hello, Header: frame.HelloHeader{Version: version, Pid: int64(os.Getpid()), Build: build()}.Append(nil)})
	go w.standby()
	go w.readFrames() // standby may start another goroutine that reads
	select {}
}

// build returns an ID of this build of the program and its registered functions.
func build() string {
	h := sha256.New()
	if info, ok := debug.ReadBuildInfo(); ok {
		io.WriteString(h, info.String())
	}
	io.WriteString(h, runtime.Version()+strings.Join(known, "\n"))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// A worker runs the calls of a pool in this process.
// A worker runs the calls of a pool in this process.
type worker struct {
	ch    *channel
	in    *frame.Reader
	limit int64

	writing sync.Mutex

	mu      sync.Mutex
	running uint64 // number of the task; 0: none
	cancel  context.CancelCauseFunc

	// current is the task that the reading goroutine runs, or 0 while it reads. The
	// goroutine that sets it back to 0 becomes the reading goroutine.
	current atomic.Uint64
	asleep  atomic.Bool // standby waits for wake
	wake    chan struct{}
}

// init runs Options.Init. It ends this process if the pool's process ends.
// init runs Options.Init. It ends this process if the pool's process ends.
func (w *worker) init(o workerConfig) error {
	fn, err := o.Init.find()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, o.InitBy))
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go w.watch(o.Parent, done)
	return fn(ctx)
}

// watch ends this process when the parent process has ended, until done is closed. No goroutine
// reads the channel then. The system gives a process whose parent has ended another parent.
func (w *worker) watch(parent int, done <-chan struct{}) {
	tick := time.NewTicker(orphanTick)
	defer tick.Stop()
	for os.Getppid() == parent {
		select {
		case <-done:
			return
		case <-tick.C:
		}
	}
	w.end(io.EOF)
}

const orphanTick = 20 * time.Millisecond

// send writes a frame to the pool. If it fails, this process ends.
func (w *worker) send(f frame.Frame) {
	w.writing.Lock()
	defer w.writing.Unlock()
	if err := frame.Write(w.ch, f); err != nil {
		w.end(err)
	}
}

// readFrames reads frames until the pool closes the channel or ends. A short task runs in the
// goroutine that read it. For a long task standby starts another reading goroutine, and this
// readFrames returns after the task.
func (w *worker) readFrames() {
	for {
		f, err := w.in.Next()
		if err != nil {
			w.end(err)
		}
		switch f.Kind {
		case frame.Task:
			if !w.ch.recordBegun(f.Task) {
				w.send(frame.Frame{Kind: frame.Started, Task: f.Task})
			}
			if !w.begin(f) {
				return
			}
		case frame.Cancel:
			cause, err := w.in.Body()
			if err != nil {
				w.end(err)
			}
			w.stop(f.Task, asyncio.DecodeError(cause))
		default:
			w.end(fmt.Errorf("%w: %v", errUnexpectedFrame, f.Kind))
		}
	}
}

// end ends this process and the programs in its group at once. If err is not the end of the
// channel, end prints it first.
func (w *worker) end(err error) {
	code := 0
	if !isEnd(err) {
		fmt.Fprintln(os.Stderr, channelLost, err)
		code = exitChannel
	}
	killGroup()
	os.Exit(code) // on systems without process groups
}

const channelLost = "procpool: the channel to the pool:"

// begin runs the task. It reports whether the caller is still the reading goroutine.
func (w *worker) begin(f frame.Frame) (reading bool) {
	h, err := frame.ParseCall(f.Header)
	if err != nil {
		w.end(err)
	}
	arg, err := w.argument(f, h)
	if err != nil {
		w.end(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := func() {}
	if h.Left != 0 {
		ctx, stop = context.WithTimeout(ctx, h.Left)
	}
	w.mu.Lock()
	w.running, w.cancel = f.Task, cancel
	w.mu.Unlock()
	w.current.Store(f.Task)
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
	defer func() {
		stop()
		cancel(nil)
		switch still := w.current.CompareAndSwap(f.Task, 0); {
		case still && !reading: // the function called runtime.Goexit
			go w.readFrames()
		case !still:
			reading = false
		}
	}()
	w.run(asyncio.WithProgress(ctx, func(done, total int64, note string) {
		w.send(frame.Frame{Kind: frame.Progress, Task: f.Task, Header: frame.Report{Done: done, Total: total, Note: truncate.Middle(note, maxNote)}.Append(nil)})
	}), f.Task, h.Func, arg)
	return true
}

// standby starts another reading goroutine when a task runs for a tick or longer. It checks every
// standbyTick, which is cheaper than a timer for each task. It sleeps while there are no tasks.
func (w *worker) standby() {
	tick := time.NewTimer(standbyTick)
	seen, idle := uint64(0), 0
	for {
		<-tick.C
		switch task := w.current.Load(); {
		case task != 0 && task == seen:
			if w.current.CompareAndSwap(task, 0) {
				go w.readFrames()
			}
			seen, idle = 0, 0
		case task != seen:
			seen, idle = task, 0
		default:
			idle++
		}
		if idle >= idleTicks {
			w.asleep.Store(true)
			if w.current.Load() == 0 || !w.asleep.CompareAndSwap(true, false) {
				<-w.wake
			}
			idle = 0
		}
		tick.Reset(standbyTick)
	}
}

// A worker reads a cancellation, or the end of the channel, at most two ticks late.
const (
	standbyTick = time.Millisecond
	idleTicks   = 10
)

// Limits of texts, in bytes. Longer texts are shortened.
const (
	maxNote       = 64 << 10
	maxStartError = 32 << 10 // half of what the pool keeps of the worker's standard error
)

// stop cancels the task if it is still running. The task has begun: the pool sends a cancellation after
// its task, and the reading goroutine reads the cancellation after begin.
func (w *worker) stop(task uint64, cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running == task {
		w.cancel(cause)
	}
}

// argument returns the argument, from the frame or from shared memory.
func (w *worker) argument(f frame.Frame, h frame.CallHeader) ([]byte, error) {
	if f.Flags&frame.InMemory != 0 {
		return w.ch.takeMemory(h.Shared)
	}
	return w.in.Body()
}

// run calls the function and sends its result or error.
func (w *worker) run(ctx context.Context, task uint64, name string, arg []byte) {
	asyncio.ExecuteThen(ctx, name, arg, func(result []byte, err error) { w.answer(task, name, result, err) })
}

// answer sends the result or the error of a task.
// answer sends the result or the error of a task.
func (w *worker) answer(task uint64, name string, result []byte, err error) {
	if err == nil && int64(len(result)) > w.limit {
		err = fmt.Errorf("%w: the result of %q has %d bytes, the limit is %d (Options.MaxMessage)", ErrTooLarge, name, len(result), w.limit)
	}
	reply := frame.Frame{Kind: frame.Result, Task: task, Body: result}
	if err != nil {
		reply = frame.Frame{Kind: frame.Failure, Task: task, Body: asyncio.EncodeError(err)}
		if panicked(reply.Body) {
			reply.Flags |= frame.Panicked
		}
	}
	w.mu.Lock()
	w.running, w.cancel = 0, nil
	w.mu.Unlock()
	w.writing.Lock()
	defer w.writing.Unlock()
	if err == nil {
		w.ch.sendMemory(&reply)
	}
	if err := frame.Write(w.ch, reply); err != nil {
		w.end(err)
	}
}

// panicked reports whether the encoded error is a panic or wraps one. It decodes the error instead
// of inspecting it, because methods of the original error run code of the user.
func panicked(body []byte) bool {
	var p *asyncio.PanicError
	return errors.As(asyncio.DecodeError(body), &p)
}
