package asyncio

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync/atomic"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// An Executor runs registered functions: a ThreadPool in goroutines, a procpool.Pool in
// processes. Package executortest tests an implementation against this contract.
type Executor interface {
	// Local reports whether functions run in this process. Arguments and results are
	// then passed without encoding. Local always returns the same value.
	Local() bool
	// Start accepts a call. It runs in the calling task and may suspend it until there is
	// capacity. It must not block the loop. If Start returns nil, the executor must call
	// Finish exactly once, also when the call's Context ends: at once if the function has
	// not begun, otherwise when it has returned or was killed. If Start returns an error,
	// the executor must not call Finish. Start returns ctx.Err() if ctx is cancelled while
	// it waits, and ErrExecutorClosed after Close.
	Start(ctx context.Context, c *Call) error
	// Close refuses new calls, and returns when the accepted calls have finished. If ctx
	// ends first, it cancels them, ends by force those that it can, and returns an error
	// that names the functions ended by force. In a task it suspends the task, in another
	// goroutine it blocks. A second call waits as well.
	Close(ctx context.Context) error
}

// A Call is one call of a registered function. An Executor gets it by Start. Its methods may
// be called from any goroutine.
type Call struct {
	number   uint64 // unique in this process
	name     string
	off      engine.OffLoop // hides the loop of the waiter's context
	ctx      context.Context
	cancel   context.CancelCauseFunc
	arg      []byte
	local    func(ctx context.Context) error // calls the function; nil: the executor is not local
	progress func(done, total int64, note string)
	finished atomic.Bool
	left     bool // the waiter has left; owned by the loop
	done     engine.Completion
	result   []byte
	where    atomic.Pointer[string]
}

// ID returns the ID of the call. No other call in any process has the same ID.
func (c *Call) ID() string { return callPrefix + "-" + strconv.FormatUint(c.number, 10) }

// Func returns the name of the function, for Execute. If Map calls the function for a chunk of
// several elements, the name ends in "[]".
func (c *Call) Func() string { return c.name }

// Context returns a context without a loop, with the values, deadline and cause of the
// caller's ctx. It ends when that ctx ends, or when the call has returned. The executor
// derives the ctx of the function from it.
func (c *Call) Context() context.Context { return c.ctx }

// Arg returns the encoded argument, or nil for a local executor. The executor must not change
// it.
func (c *Call) Arg() []byte { return c.arg }

// Run calls the function in the calling goroutine, and then calls Finish. Only a local executor
// may call it. A panic of the function becomes a *PanicError.
func (c *Call) Run(ctx context.Context) {
	if c.local == nil {
		c.Finish(nil, fmt.Errorf("asyncio: Call.Run of %q: the executor must be local; use Execute", c.name))
		return
	}
	if c.progress == nil {
		ctx = withoutProgress(ctx)
	} else {
		ctx = WithProgress(ctx, c.Progress)
	}
	guarded(func() error { return c.local(ctx) }, func(err error) {
		flushProgress(ctx)
		c.Finish(nil, err)
	})
}

// Started sets the text that Where returns, such as "worker 3 (pid 4711)". An executor that
// queues the call again passes "".
func (c *Call) Started(where string) { c.where.Store(&where) }

// Where returns the text of the last Started, or an empty string.
func (c *Call) Where() string {
	if p := c.where.Load(); p != nil {
		return *p
	}
	return ""
}

// Progress passes a progress report of the function to the caller's OnProgress. The reports
// arrive in order. Reports after Finish are dropped.
func (c *Call) Progress(done, total int64, note string) {
	if c.progress != nil && !c.finished.Load() {
		c.done.Loop().Post(func() {
			if !c.left { // the waiter leaves after Finish
				c.progress(done, total, note)
			}
		}, 0)
	}
}

// Finish ends the call with the encoded result or an error, and returns true. Further calls do
// nothing and return false.
func (c *Call) Finish(result []byte, err error) bool {
	if !c.done.Claim() {
		return false
	}
	c.finished.Store(true)
	c.result = result
	c.done.SettleLater(err)
	return true
}

// await passes the call to the executor and suspends the task until the call is finished.
func (c *Call) await(ctx context.Context, exec Executor) error {
	caller, err := engine.Enter(ctx)
	if err != nil {
		return err
	}
	bound, end := caller.Context(ctx)
	defer end()
	c.off.Context = bound
	c.ctx, c.cancel = context.WithCancelCause(&c.off)
	defer c.cancel(nil)
	c.done.Init(caller.L, 0)
	caller.L.Public.(*Loop).used.note(exec)
	if err := exec.Start(ctx, c); err != nil {
		c.finished.Store(true)
		return err
	}
	c.done.Join(caller)
	c.left = true
	return c.done.Receive()
}

var (
	callPrefix = rand.Text()[:10]
	callCount  atomic.Uint64
)

func newCall(name string, progress func(done, total int64, note string)) *Call {
	return &Call{number: callCount.Add(1), name: name, progress: progress}
}

// each calls run for the numbers from i to n-1, one after the other, and passes each error to
// set, as guarded does. After a runtime.Goexit it runs the rest in another goroutine, and then
// its own goroutine ends.
func each(i, n int, run func(i int) error, set func(i int, err error)) {
	defer func() {
		if i++; i < n { // after a runtime.Goexit
			inGoroutine(func() { each(i, n, run, set) })
		}
	}()
	for ; i < n; i++ {
		guarded(func() error { return run(i) }, func(err error) { set(i, err) })
	}
}

// guarded calls run and passes its error to set. It converts a panic and a runtime.Goexit to an
// error. After a runtime.Goexit the goroutine ends when set has returned.
func guarded(run func() error, set func(err error)) {
	err, returned := error(nil), false
	defer func() {
		if !returned {
			if v := recover(); v != nil {
				err = newPanicError(v, debug.Stack())
			} else {
				err = errGoexit
			}
		}
		set(err)
	}()
	err = run()
	returned = true
}

// inGoroutine calls fn in a new goroutine and waits until it has ended. fn may call
// runtime.Goexit.
func inGoroutine(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	<-done
}

// isolated calls fn in a new goroutine. It converts a panic and a runtime.Goexit to an error. fn
// may call methods of the user's types.
func isolated(fn func() error) (err error) {
	inGoroutine(func() { guarded(fn, func(e error) { err = e }) })
	return err
}

var errGoexit = errors.New("asyncio: runtime.Goexit was called")
