package asyncio

import (
	"context"
	"fmt"
	"reflect"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A CallOption is an option of Call and Submit: OnProgress.
type CallOption interface{ applyCall(*callOptions) }

type callOptions struct {
	progress func(done, total int64, note string)
}

type progressOption func(done, total int64, note string)

func (o progressOption) applyCall(c *callOptions) { c.progress = o }

// OnProgress has fn called on the loop, as a callback, with what the function
// tells by Progress; the last time before the call returns.
func OnProgress(fn func(done, total int64, note string)) CallOption { return progressOption(fn) }

func callOptionsOf(opts []CallOption) (o callOptions) {
	for _, opt := range opts {
		if opt != nil {
			opt.applyCall(&o)
		}
	}
	return o
}

// Call runs the function by exec and suspends the calling task until it has
// returned. If ctx is cancelled the function's ctx is, and Call still waits: for
// what the function returns or, with executors that can, until it has been killed.
// A deadline of ctx is the function's too. The end of Run is no exception: when Run's
// ctx is cancelled, or its main has returned, so are the calls under way, and Run waits
// for them until WithShutdownTimeout has passed. The executor outlives Run: close it.
//
// With a local executor the function works on arg itself; otherwise on a copy, and
// a []byte must be left alone until Call returns.
//
// An error of the function in another process arrives as a *RemoteError, which
// errors.Is takes for what the function returned if that is an error of this
// package, of context, io or fs, or known to RegisterError. A panic of the
// function is a *PanicError with the function's stack, wherever it ran. Without a
// loop in ctx Call returns ErrNoLoop, for a nil exec ErrNoExecutor, for values that
// cannot be encoded ErrEncoding.
func (f *Func[A, R]) Call(ctx context.Context, exec Executor, arg A, opts ...CallOption) (R, error) {
	if _, err := engine.Enter(ctx); err != nil {
		var zero R
		return zero, err
	}
	return f.prepare(ctx, exec, arg, false, opts)(ctx)
}

// Submit makes the call a task, owned as CreateTask's, with the function's name.
// arg is encoded before Submit returns, so that it may be changed afterwards,
// unless exec is local. It panics where CreateTask does; all other errors are the
// task's. Cancelling the task, as the end of Run does, is cancelling Call's ctx.
//
//go:noinline
func (f *Func[A, R]) Submit(ctx context.Context, exec Executor, arg A, opts ...CallOption) *Task[R] {
	mustHaveLoop("Func.Submit", ctx)
	c := f.prepare(ctx, exec, arg, true, opts)
	return createTask("Func.Submit", ctx, c, []TaskOption{Name(f.name)}, coro.CallSite())
}

// prepare returns the coroutine that makes the call.
func (f *Func[A, R]) prepare(ctx context.Context, exec Executor, arg A, copied bool, opts []CallOption) Coroutine[R] {
	fail := func(err error) Coroutine[R] {
		return func(context.Context) (r R, _ error) { return r, err }
	}
	if isNilExecutor(exec) {
		return fail(fmt.Errorf("%w: call of %q", ErrNoExecutor, f.name))
	}
	c := newCall(f.name, callOptionsOf(opts).progress)
	if exec.Local() {
		if err := f.debugTravel(ctx, "argument", func() error { return roundTrip(arg) }); err != nil {
			return fail(err)
		}
		return func(ctx context.Context) (R, error) { return f.callLocal(ctx, exec, c, arg) }
	}
	var err error
	if c.arg, err = encode(arg, copied); err != nil {
		return fail(fmt.Errorf("%w: the argument of %q: %w", ErrEncoding, f.name, err))
	}
	return func(ctx context.Context) (R, error) { return f.callRemote(ctx, exec, c) }
}

func (f *Func[A, R]) callLocal(ctx context.Context, exec Executor, c *Call, arg A) (R, error) {
	var result, zero R
	c.local = func(ctx context.Context) (err error) {
		result, err = f.fn(ctx, arg)
		return err
	}
	if err := c.await(ctx, exec); err != nil {
		return zero, err
	}
	if err := f.debugTravel(ctx, "result", func() error { return roundTrip(result) }); err != nil {
		return zero, err
	}
	return result, nil
}

func (f *Func[A, R]) callRemote(ctx context.Context, exec Executor, c *Call) (R, error) {
	var zero R
	if err := c.await(ctx, exec); err != nil {
		return zero, err
	}
	result, err := decode[R](c.result)
	if err != nil {
		return zero, fmt.Errorf("%w: the result of %q: %w", ErrEncoding, f.name, err)
	}
	return result, nil
}

// debugTravel does with values for a local executor what a remote one would do, so
// that in debug mode what would not travel is found at once.
func (f *Func[A, R]) debugTravel(ctx context.Context, what string, try func() error) error {
	own := engine.NodeOf(ctx)
	if own == nil || !own.Loop().Config().Debug {
		return nil
	}
	if err := try(); err != nil {
		return fmt.Errorf("%w: the %s of %q would not travel to another process: %w", ErrEncoding, what, f.name, err)
	}
	return nil
}

func roundTrip[T any](v T) error {
	b, err := encode(v, true)
	if err == nil {
		_, err = decode[T](b)
	}
	return err
}

func isNilExecutor(exec Executor) bool {
	if exec == nil {
		return true
	}
	r := reflect.ValueOf(exec)
	return r.Kind() == reflect.Pointer && r.IsNil()
}
