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

// An Executor runs registered functions somewhere: a ThreadPool in goroutines, a
// procpool.Pool in processes. Package executortest holds an implementation
// against this contract.
type Executor interface {
	// Local reports whether the function runs in this process, so that argument
	// and result are passed as they are. It always returns the same.
	Local() bool
	// Start accepts a call. It runs in the calling task and may suspend it until
	// there is room; it never blocks the loop. After nil the executor calls Finish
	// exactly once, also when the call's Context ends: at once if the function has
	// not begun, and otherwise when it has returned or was killed. After an error it
	// never does. It returns ctx.Err() if ctx is cancelled while it waits, and
	// ErrExecutorClosed after Close.
	Start(ctx context.Context, c *Call) error
	// Close refuses new calls and returns when those accepted have finished. If ctx
	// ends first it cancels them, ends what can be ended by force, and returns an
	// error that names what had to be. It may be called in a task, which is
	// suspended, or in a goroutine of no loop. A second call waits for the same.
	Close(ctx context.Context) error
}

// A Call is one call of a registered function, as its Executor sees it. The
// methods may be called from any goroutine.
type Call struct {
	number   uint64 // among the calls of this process
	name     string
	off      engine.OffLoop // of the waiter's context
	ctx      context.Context
	cancel   context.CancelCauseFunc
	arg      []byte
	local    func(ctx context.Context) error // nil: not local
	progress func(done, total int64, note string)
	finished atomic.Bool
	left     bool // by its waiter; owned by the loop
	done     engine.Completion
	result   []byte
	where    atomic.Pointer[string]
}

// ID returns a text that no other call has, in any process.
func (c *Call) ID() string { return callPrefix + "-" + strconv.FormatUint(c.number, 10) }

// Func returns the name of the function, for Execute. A call that Map makes for
// several elements has a name that Register does not accept; Execute knows it.
func (c *Call) Func() string { return c.name }

// Context returns a context without a loop that ends when the waiter leaves, with
// the waiter's values, deadline and cause. The function's ctx derives from it.
func (c *Call) Context() context.Context { return c.ctx }

// Arg returns the encoded argument; nil for a local executor. It must not be
// changed.
func (c *Call) Arg() []byte { return c.arg }

// Run runs the function in the calling goroutine, and then calls Finish. Only for
// a local executor. A panic of the function becomes a *PanicError.
func (c *Call) Run(ctx context.Context) {
	if c.local == nil {
		c.Finish(nil, fmt.Errorf("asyncio: Call.Run of %q: its executor is not local; use Execute", c.name))
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

// Started says to whom the call was given: "worker 3 (pid 4711)". Where returns it. An
// executor that takes the call back says "".
func (c *Call) Started(where string) { c.where.Store(&where) }

// Where returns what Started said last, empty before.
func (c *Call) Where() string {
	if p := c.where.Load(); p != nil {
		return *p
	}
	return ""
}

// Progress passes on what the function told by calling Progress. Those that come
// before Finish are given to the caller's OnProgress in order, those after it are
// dropped.
func (c *Call) Progress(done, total int64, note string) {
	if c.progress != nil && !c.finished.Load() {
		c.done.Loop().Post(func() {
			if !c.left { // it raced with Finish
				c.progress(done, total, note)
			}
		}, 0)
	}
}

// Finish ends the call with the encoded result or an error. The first call wins
// and returns true, others do nothing.
func (c *Call) Finish(result []byte, err error) bool {
	if !c.done.Claim() {
		return false
	}
	c.finished.Store(true)
	c.result = result
	c.done.SettleLater(err)
	return true
}

// await hands the call to the executor and suspends the task until it is finished.
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

// each calls run for every number from i to n, one after the other, and hands its
// error to set, as guarded does; after a Goexit the goroutine still ends, when all
// have been run.
func each(i, n int, run func(i int) error, set func(i int, err error)) {
	defer func() {
		if i++; i < n { // this goroutine is ending
			apart(func() { each(i, n, run, set) })
		}
	}()
	for ; i < n; i++ {
		guarded(func() error { return run(i) }, func(err error) { set(i, err) })
	}
}

// guarded calls run and hands its error to set. A panic and a runtime.Goexit become
// errors; after a Goexit the goroutine still ends.
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

// apart calls fn in a goroutine of its own, which fn may end, and waits for it.
func apart(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	<-done
}

// isolated calls fn, which calls methods of the user's types, in a goroutine of its own.
// A panic and a runtime.Goexit of theirs become errors.
func isolated(fn func() error) (err error) {
	apart(func() { guarded(fn, func(e error) { err = e }) })
	return err
}

var errGoexit = errors.New("asyncio: runtime.Goexit was called")
