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

// serve is the life of a worker process.
func serve(o orders) {
	give := func(code int, err error) {
		fmt.Fprintln(os.Stderr, "procpool: the worker cannot start:", truncate.Middle(err.Error(), longestStart))
		os.Exit(code)
	}
	ch, err := workerChannel()
	if err != nil {
		give(exitChannel, err)
	}
	if err := applyLimits(o); err != nil {
		give(exitLimits, err)
	}
	heedHangup(o.Parent)
	w := &worker{ch: ch, in: frame.NewReader(ch, o.MaxMessage), limit: o.MaxMessage, wake: make(chan struct{})}
	if o.Init != nil {
		if err := w.init(o); err != nil {
			give(exitInit, fmt.Errorf("Options.Init: %w", err))
		}
	}
	w.say(frame.Frame{Kind: frame.Hello, Header: frame.HelloHeader{Version: version, Pid: int64(os.Getpid()), Build: build()}.Append(nil)})
	go w.relief()
	go w.listen() // what listens runs functions, and may change
	select {}
}

// build tells two builds of a program apart.
func build() string {
	h := sha256.New()
	if info, ok := debug.ReadBuildInfo(); ok {
		io.WriteString(h, info.String())
	}
	io.WriteString(h, runtime.Version()+strings.Join(known, "\n"))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

type worker struct {
	ch    *channel
	in    *frame.Reader
	limit int64

	writing sync.Mutex

	mu      sync.Mutex
	running uint64 // number of the task; 0: none
	cancel  context.CancelCauseFunc

	// turn is the task that the listening goroutine runs, 0 while it listens. Whoever
	// sets it back to 0 is the one to listen.
	turn   atomic.Uint64
	asleep atomic.Bool // the relief
	wake   chan struct{}
}

func (w *worker) init(o orders) error {
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

// watch ends the worker when the pool is gone, while nobody listens. A process whose
// parent has ended gets another one.
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

// say sends a frame.
func (w *worker) say(f frame.Frame) {
	w.writing.Lock()
	defer w.writing.Unlock()
	if err := frame.Write(w.ch, f); err != nil {
		w.end(err)
	}
}

// listen reads frames until the pool closes the channel, or is gone. A short task
// runs in the goroutine that read it; when one turns out to be long, another
// goroutine goes on listening, and listen returns.
func (w *worker) listen() {
	for {
		f, err := w.in.Next()
		if err != nil {
			w.end(err)
		}
		switch f.Kind {
		case frame.Task:
			if !w.ch.note(f.Task) {
				w.say(frame.Frame{Kind: frame.Started, Task: f.Task})
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
			w.end(fmt.Errorf("the pool sent a %v", f.Kind))
		}
	}
}

// end leaves the process, at once and with the programs that functions started: the
// pool is gone, or has no more work. If neither, it says so first.
func (w *worker) end(err error) {
	code := 0
	if !isEnd(err) {
		fmt.Fprintln(os.Stderr, channelLost, err)
		code = exitChannel
	}
	killGroup()
	os.Exit(code) // where there are no groups
}

const channelLost = "procpool: the channel to the pool:"

// begin runs the task and reports whether the caller is still the one to listen.
func (w *worker) begin(f frame.Frame) (listening bool) {
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
	w.turn.Store(f.Task)
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
	defer func() {
		stop()
		cancel(nil)
		switch mine := w.turn.CompareAndSwap(f.Task, 0); {
		case mine && !listening: // the function ended its goroutine
			go w.listen()
		case !mine:
			listening = false
		}
	}()
	w.run(asyncio.WithProgress(ctx, func(done, total int64, note string) {
		w.say(frame.Frame{Kind: frame.Progress, Task: f.Task, Header: frame.Report{Done: done, Total: total, Note: truncate.Middle(note, longestNote)}.Append(nil)})
	}), f.Task, h.Func, arg)
	return true
}

// relief takes over listening when a task lasts. It looks each reliefTick, which is
// cheaper than a timer for each task, and sleeps while there are none.
func (w *worker) relief() {
	tick := time.NewTimer(reliefTick)
	seen, still := uint64(0), 0
	for {
		<-tick.C
		switch turn := w.turn.Load(); {
		case turn != 0 && turn == seen:
			if w.turn.CompareAndSwap(turn, 0) {
				go w.listen()
			}
			seen, still = 0, 0
		case turn != seen:
			seen, still = turn, 0
		default:
			still++
		}
		if still >= idleTicks {
			w.asleep.Store(true)
			if w.turn.Load() == 0 || !w.asleep.CompareAndSwap(true, false) {
				<-w.wake
			}
			still = 0
		}
		tick.Reset(reliefTick)
	}
}

// A cancellation, or the end of the pool, is heard two ticks late at most.
const (
	reliefTick = time.Millisecond
	idleTicks  = 10
)

// Limits of texts, in bytes. Longer texts are shortened.
const (
	longestNote  = 64 << 10
	longestStart = 32 << 10 // half of what the pool keeps of the worker's standard error
)

// stop cancels the task if it is still running. The task has begun: the pool sends a cancellation after
// its task, and the listening goroutine reads the cancellation after begin.
func (w *worker) stop(task uint64, cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running == task {
		w.cancel(cause)
	}
}

// argument reads the body, or maps the memory in which it lies.
func (w *worker) argument(f frame.Frame, h frame.CallHeader) ([]byte, error) {
	if f.Flags&frame.InMemory != 0 {
		return w.ch.takeMemory(h.Shared)
	}
	return w.in.Body()
}

// run executes the function and sends what came of it.
func (w *worker) run(ctx context.Context, task uint64, name string, arg []byte) {
	asyncio.ExecuteThen(ctx, name, arg, func(result []byte, err error) { w.answer(task, name, result, err) })
}

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

// panicked reports whether the encoded error is a panic or wraps one. It does not
// call methods of the error: they may do anything.
func panicked(body []byte) bool {
	var p *asyncio.PanicError
	return errors.As(asyncio.DecodeError(body), &p)
}
