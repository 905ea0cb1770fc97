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

// OnProgress makes the loop call fn with each progress report of the function. All calls of fn
// end before the call of the function returns.
func OnProgress(fn func(done, total int64, note string)) CallOption { return progressOption(fn) }

func callOptionsOf(opts []CallOption) (o callOptions) {
	for _, opt := range opts {
		if opt != nil {
			opt.applyCall(&o)
		}
	}
	return o
}

// Call runs the function on exec and suspends the calling task until it has returned. If ctx is
// cancelled, Call cancels the ctx of the function, and waits until the function has returned, or
// until the executor has killed it. The function's ctx has the deadline of ctx. When Run's ctx is
// cancelled, or its main function has returned, Run cancels the running calls and waits for them,
// for at most WithShutdownTimeout. Run does not close exec: the caller must.
//
// A local executor passes arg itself to the function. Other executors pass a copy, and the caller
// must not change a []byte until Call has returned.
//
// An error of a function in another process is returned as a *RemoteError. For it errors.Is finds
// the errors of this package, of context, io and fs, and those passed to RegisterError. A panic of
// the function is returned as a *PanicError with the stack of the function. Call returns ErrNoLoop
// if ctx has no loop, ErrNoExecutor if exec is nil, and ErrEncoding for values that cannot be
// encoded.
func (f *Func[A, R]) Call(ctx context.Context, exec Executor, arg A, opts ...CallOption) (R, error) {
	if _, err := engine.Enter(ctx); err != nil {
		var zero R
		return zero, err
	}
	return f.prepare(ctx, exec, arg, false, opts)(ctx)
}

// Submit creates a task that makes the call. The task has the name of the function, and an owner
// like a task of CreateTask. Submit encodes arg before it returns, unless exec is local, so the
// caller may then change arg. Submit panics if CreateTask would. The task returns all other
// errors. A cancellation of the task, also by the end of Run, cancels the call.
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
		if err := f.checkInDebug(ctx, "argument", func() error { return roundTrip(arg) }); err != nil {
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
	if err := f.checkInDebug(ctx, "result", func() error { return roundTrip(result) }); err != nil {
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

// checkInDebug, in debug mode, encodes and decodes a value of a local executor with try. So a
// value that cannot be sent to another process is detected without one.
func (f *Func[A, R]) checkInDebug(ctx context.Context, what string, try func() error) error {
	own := engine.NodeOf(ctx)
	if own == nil || !own.Loop().Config().Debug {
		return nil
	}
	if err := try(); err != nil {
		return fmt.Errorf("%w: the %s of %q cannot be sent to another process: %w", ErrEncoding, what, f.name, err)
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
