package asyncio

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/inspect"
)

// A Loop is an event loop: it runs coroutines and callbacks, one at a time, in
// the goroutine that called Run. NewLoop and Run make one. Methods of a nil Loop and of
// a zero one panic.
type Loop struct {
	e        *engine.Loop
	threads  *Limiter // of ToThread calls that bring none
	used     executorsUsed
	debugger *inspect.Debugger // nil: not in debug mode
}

// NewLoop makes a loop that does nothing until its Run is called. What is
// submitted or posted before waits.
func NewLoop(opts ...Option) *Loop {
	cfg := newConfig(opts)
	l := &Loop{e: engine.New(cfg), threads: NewLimiter(defaultThreads)}
	if cfg.Debug {
		l.debugger = inspect.NewDebugger(l.e)
		l.e.SetTracer(l.debugger)
	}
	l.e.Public = l
	return l
}

// Run makes a loop, runs main on it as the first task, and returns when main
// and every task it left have ended.
//
// When main returns, the tasks that are left are cancelled and awaited. Those
// that do not end within the shutdown time-out (see WithShutdownTimeout) are
// abandoned: they are never resumed, their deferred calls do not run, and the
// error names them.
//
// The error is main's, joined with an *UnhandledError for each task that failed
// and whose error no caller received (the first 16 and a count), and with the
// names of abandoned tasks. If ctx is cancelled, so is main; Run still waits
// for it.
//
// A goroutine that waits in Await receives the error, also if Run returns before the
// scheduler resumes it. A goroutine that uses Done, or that called Submit, has 100 ms to
// call Err, Result or Await before Run reports the error.
//
// A panic in a task prints that task's stack at once, cancels and awaits the
// rest, and then continues in the caller of Run as a *PanicError, unless
// WithPanicsAsErrors is given. runtime.Goexit in a task (t.FailNow) likewise
// ends the caller's goroutine.
//
// Run called from a task returns an error: it would block that task's loop.
//
//go:noinline
func Run(ctx context.Context, main func(ctx context.Context) error, opts ...Option) error {
	return NewLoop(opts...).run(ctx, main, coro.CallSite())
}

// Run is the function Run on this loop. It can be called once; a second call
// returns ErrLoopClosed, or another error while the first is running.
//
//go:noinline
func (l *Loop) Run(ctx context.Context, main func(ctx context.Context) error) error {
	return l.run(ctx, main, coro.CallSite())
}

// made returns the engine's loop. It panics with the name of the call if l is nil or was not made by
// NewLoop.
func (l *Loop) made(call string) *engine.Loop {
	switch {
	case l == nil:
		panic("asyncio: " + call + ": nil loop; LoopOf returns nil if ctx has none")
	case l.e == nil:
		panic("asyncio: " + call + ": loop not initialized; make it with NewLoop")
	}
	return l.e
}

func (l *Loop) run(ctx context.Context, main func(ctx context.Context) error, site coro.Site) error {
	if main == nil {
		return errors.New("asyncio: Run: main must not be nil")
	}
	e := l.made("Loop.Run")
	t := &Task[struct{}]{coro: procOf(main)}
	if err := e.Run(ctx, &t.t, (*taskBody[struct{}])(t), site); err != nil {
		return err
	}
	return nil
}

// A Handle is a callback that waits to be run.
type Handle struct {
	h *engine.Handle
}

// CallSoon queues fn for the next turn of the loop, after what is queued
// already. On the loop only: elsewhere it panics, use CallSoonThreadsafe.
//
//go:noinline
func (l *Loop) CallSoon(fn func()) *Handle {
	l.mustBeHere("Loop.CallSoon", fn)
	return &Handle{l.e.CallSoon(fn).From(coro.CallSite())}
}

// CallLater queues fn for the first turn that begins d from now or later.
// Callbacks due at the same instant run in the order of the calls. On the loop
// only: elsewhere it panics.
//
//go:noinline
func (l *Loop) CallLater(d time.Duration, fn func()) *Handle {
	l.mustBeHere("Loop.CallLater", fn)
	return &Handle{l.e.CallAt(l.e.After(d), fn).From(coro.CallSite())}
}

// CallAt is CallLater for a time of the loop's clock; one that has passed stands
// for the next turn.
//
//go:noinline
func (l *Loop) CallAt(t time.Time, fn func()) *Handle {
	l.mustBeHere("Loop.CallAt", fn)
	return &Handle{l.e.CallAt(l.e.Stamp(t), fn).From(coro.CallSite())}
}

// Cancel keeps the callback from running. It reports false when the callback
// has run already or was cancelled before. On the loop only: elsewhere it panics.
func (h *Handle) Cancel() bool {
	switch {
	case h == nil:
		panic("asyncio: Handle.Cancel: nil handle")
	case h.h == nil:
		panic("asyncio: Handle.Cancel: handle not initialized; make it with Loop.CallSoon, CallLater or CallAt")
	case !h.h.Loop().Here():
		panic(offLoopError(h.h.Loop(), "Handle.Cancel", "in a coroutine or a callback of the loop; from another goroutine by CallSoonThreadsafe"))
	}
	return h.h.Cancel()
}

// CallSoonThreadsafe queues fn from any goroutine, and wakes the loop if it
// sleeps. It never blocks. It returns ErrLoopClosed when the loop has ended; an
// fn that was accepted runs, unless the loop is never run at all.
//
//go:noinline
func (l *Loop) CallSoonThreadsafe(fn func()) error {
	if fn == nil {
		panic("asyncio: Loop.CallSoonThreadsafe: nil function")
	}
	return l.made("Loop.CallSoonThreadsafe").Post(fn, coro.CallSite())
}

// Now returns the time by the loop's clock: time.Now, which is virtual in a
// testing/synctest bubble.
func (l *Loop) Now() time.Time { return time.Now() }

// Tasks returns the tasks that have not ended, in order of creation. From any
// goroutine, also while the loop is blocked.
func (l *Loop) Tasks() []AnyTask {
	tasks := l.made("Loop.Tasks").Tasks()
	handles := make([]AnyTask, len(tasks))
	for i, t := range tasks {
		handles[i] = handleOf(t)
	}
	return handles
}

// Dump writes the tree of tasks: who owns whom, what each waits for and where
// it was created, and the errors that nobody has received yet. From any
// goroutine, also while the loop is blocked: then, after a tenth of a second in which
// no step of it has ended, the tasks are described from outside, the running one is
// named, and what the stall watch knows of it. A loop that is busy has a second to
// answer. Tasks that wait for each other in a ring are told of. The lines at which
// tasks stand are left out above 2,000 tasks, or 10,000 goroutines of the program, as
// the whole program would stand still for long. It returns the error of w.
func (l *Loop) Dump(w io.Writer) error {
	if w == nil {
		return errors.New("asyncio: Loop.Dump: nil writer")
	}
	return l.made("Loop.Dump").Dump(w)
}

// LoopOf returns the loop of ctx, nil if it has none: outside of Run, and in a
// function that ToThread runs.
func LoopOf(ctx context.Context) *Loop {
	if ctx == nil {
		return nil
	}
	n := engine.NodeOf(ctx)
	if n == nil {
		return nil
	}
	return n.Loop().Public.(*Loop)
}

// CurrentTask returns the task whose step is running, if the caller is that
// step: nil off the loop, in callbacks, and in other goroutines.
func CurrentTask(ctx context.Context) AnyTask {
	if ctx == nil {
		return nil
	}
	n := engine.NodeOf(ctx)
	if n == nil || !n.Loop().Here() {
		return nil
	}
	return handleOf(n.Loop().Current())
}

func (l *Loop) mustBeHere(call string, fn func()) {
	if fn == nil {
		panic("asyncio: " + call + ": nil function")
	}
	if e := l.made(call); !e.Here() {
		panic(offLoopError(e, call, "in a coroutine or a callback of the loop; from another goroutine use CallSoonThreadsafe"))
	}
}

// offLoopError is the value of a panic for a call that is made off the loop; where says
// where to make it.
func offLoopError(l *engine.Loop, call, where string) error {
	switch err := l.Refusal(); {
	case errors.Is(err, ErrLoopClosed):
		return engine.Misuse(ErrLoopClosed, call, "the event loop has closed")
	case errors.Is(err, ErrWrongLoop):
		return engine.Misuse(ErrWrongLoop, call, "called on another event loop; call it "+where)
	}
	return engine.Misuse(ErrWrongTask, call, "called from a goroutine that does not run the current step of the event loop; call it "+where)
}

func noLoopError(call, instead string) error {
	return engine.Misuse(ErrNoLoop, call, "no event loop in ctx; "+instead)
}

// nilContext is the value of a panic for a nil ctx.
func nilContext(call string) error {
	return engine.Misuse(engine.ErrNilContext, call, "nil context; pass the ctx of the coroutine")
}
