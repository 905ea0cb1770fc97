package executortest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/asyncio-go/asyncio"
)

// unused is the first check: an executor that nobody calls closes cleanly.
var unused = check{name: "Unused", run: func(context.Context, *kit) error { return nil }}

// checks are the others, by theme.
var checks = slices.Concat(resultChecks, flowChecks, mapChecks, cancelChecks, closeChecks, loopChecks, crashChecks)

// notLocal is for what local executors need not do: encode.
func notLocal(o options) bool { return !o.local }

// endsByForce is for executors whose functions are in other processes.
func endsByForce(o options) bool { return !o.local && !o.inProcess }

// works reports whether the executor still does.
func (k *kit) works(ctx context.Context) error {
	return expect("a call afterwards", 42)(double.Call(ctx, k.exec, 21))
}

// expect returns what takes the result of a call and compares it.
func expect[T comparable](what string, want T) func(T, error) error {
	return func(got T, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if got != want {
			return fmt.Errorf("%s gave %v; want %v", what, got, want)
		}
		return nil
	}
}

// refused returns nil if the error is ErrExecutorClosed.
func refused(what string, err error) error {
	if !errors.Is(err, asyncio.ErrExecutorClosed) {
		return fmt.Errorf("%s gave the error %v; want ErrExecutorClosed", what, err)
	}
	return nil
}

// turns lets whatever is ready run.
func turns(ctx context.Context) error {
	for range 100 {
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}

// fill keeps as many functions at the gate as the executor tells to run at once,
// one if it does not tell.
func (k *kit) fill(ctx context.Context) (calls []*asyncio.Task[stopped], err error) {
	n, _ := k.exec.workers()
	for i := range n {
		name := fmt.Sprint("held ", i)
		calls = append(calls, holds.Submit(ctx, k.exec, k.gate.arg(name)))
		if err := k.gate.begun(ctx, name); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

// released awaits calls that the gate has let go.
func released(ctx context.Context, calls ...*asyncio.Task[stopped]) error {
	for i, call := range calls {
		s, err := call.Await(ctx)
		if err != nil {
			return fmt.Errorf("call %d, which was let go: %w", i, err)
		}
		if !s.Released {
			return fmt.Errorf("call %d, which was let go, saw its ctx end instead: %+v", i, s)
		}
	}
	return nil
}
