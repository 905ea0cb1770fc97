package executortest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/asyncio-go/asyncio"
)

// unused is the first check: it closes an executor that had no call.
var unused = check{name: "Unused", run: func(context.Context, *kit) error { return nil }}

// checks are the other checks.
var checks = slices.Concat(resultChecks, flowChecks, mapChecks, cancelChecks, closeChecks, loopChecks, crashChecks)

// notLocal reports whether the executor encodes arguments and results.
func notLocal(o options) bool { return !o.local }

// endsByForce reports whether functions run in other processes, which can be killed.
func endsByForce(o options) bool { return !o.local && !o.inProcess }

// checkWorks returns an error if the executor does not run a call.
func (k *kit) checkWorks(ctx context.Context) error {
	return expect("the next call", 42)(double.Call(ctx, k.exec, 21))
}

// expect returns a function that compares the result of a call with want.
func expect[T comparable](what string, want T) func(T, error) error {
	return func(got T, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if got != want {
			return fmt.Errorf("%s returned %v; want %v", what, got, want)
		}
		return nil
	}
}

// refused returns nil if the error is ErrExecutorClosed.
func refused(what string, err error) error {
	if !errors.Is(err, asyncio.ErrExecutorClosed) {
		return fmt.Errorf("%s returned the error %v; want ErrExecutorClosed", what, err)
	}
	return nil
}

// yieldLoop lets the ready tasks of the loop run.
func yieldLoop(ctx context.Context) error {
	for range 100 {
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}

// fill makes recorder.workers calls and returns when all functions have begun. They wait at the
// gate.
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

// released awaits calls that the gate has released.
func released(ctx context.Context, calls ...*asyncio.Task[stopped]) error {
	for i, call := range calls {
		s, err := call.Await(ctx)
		if err != nil {
			return fmt.Errorf("released call %d: %w", i, err)
		}
		if !s.Released {
			return fmt.Errorf("released call %d: its ctx has ended: %+v", i, s)
		}
	}
	return nil
}
