package executortest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

var cancelChecks = []check{
	{name: "CancelBeforeStart", run: cancelBeforeStart},
	{name: "CancelQueued", run: cancelQueued},
	{name: "CancelRunning", run: cancelRunning},
	{name: "CancelIgnored", run: cancelIgnored, applies: endsByForce},
	{name: "Deadline", run: deadlines},
}

// cancelBeforeStart cancels ctx before Start.
func cancelBeforeStart(ctx context.Context, k *kit) error {
	ended, cancel := context.WithCancel(ctx)
	defer cancel()
	k.exec.onStart = cancel
	_, err := holds.Call(ended, k.exec, k.gate.arg("too late"))
	k.exec.onStart = nil
	accepted, startErr := k.exec.startResult(0)
	if !accepted && !errors.Is(startErr, context.Canceled) {
		return fmt.Errorf("Start with a cancelled ctx returned %v; want ctx.Err() or nil", startErr)
	}
	if !accepted && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a call that was cancelled before Start returned %v; want a cancellation", err)
	}
	return k.checkWorks(ctx)
}

// cancelQueued cancels a call that waits for a worker, in Start or after it.
func cancelQueued(ctx context.Context, k *kit) error {
	held, err := k.fill(ctx)
	if err != nil {
		return err
	}
	queued := holds.Submit(ctx, k.exec, k.gate.arg("queued"))
	if err := yieldLoop(ctx); err != nil {
		return err
	}
	queued.Cancel(nil)
	s, err := queued.Await(ctx)
	_, sure := k.exec.workers()
	if sure && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a call that was cancelled in the queue returned %+v, %v; want a cancellation", s, err)
	}
	k.gate.open()
	if err := released(ctx, held...); err != nil {
		return err
	}
	for range 2 * len(held) { // a call that is still queued would run before these
		if err := k.checkWorks(ctx); err != nil {
			return err
		}
	}
	if sure && k.gate.hasBegun("queued") {
		return errors.New("a call that was cancelled in the queue has begun")
	}
	return nil
}

// cancelRunning cancels a running function. The function returns the error and the cause of its ctx.
func cancelRunning(ctx context.Context, k *kit) error {
	callCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	call := holds.Submit(callCtx, k.exec, k.gate.arg("running"))
	if err := k.gate.begun(ctx, "running"); err != nil {
		return err
	}
	cancel(fmt.Errorf("the reader left: %w", errSample))
	s, err := call.Await(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("a function that returned a result after its cancellation: error %w; want the result", err)
	case s.Err != context.Canceled.Error():
		return fmt.Errorf("the function's ctx ended with %q; want %q", s.Err, context.Canceled)
	case !strings.Contains(s.Cause, "the reader left") || !s.IsSample:
		return fmt.Errorf("the cause in the function was %q (errors.Is finds the registered error: %t); want %q and true", s.Cause, s.IsSample, context.Cause(callCtx))
	}
	return k.checkWorks(ctx)
}

// cancelIgnored cancels a function that ignores its ctx. The executor ends it by force, but not
// another function.
func cancelIgnored(ctx context.Context, k *kit) error {
	var other *asyncio.Task[stopped]
	if k.exec.Workers() > 1 {
		other = holds.Submit(ctx, k.exec, k.gate.arg("other"))
		if err := k.gate.begun(ctx, "other"); err != nil {
			return err
		}
	}
	call := holds.Submit(ctx, k.exec, k.gate.ignoringArg("ignoring"))
	if err := k.gate.begun(ctx, "ignoring"); err != nil {
		return err
	}
	call.Cancel(nil)
	if s, err := call.Await(ctx); err == nil {
		return fmt.Errorf("a function that ignored its cancellation returned %+v and no error", s)
	}
	k.gate.open()
	if other != nil {
		if err := released(ctx, other); err != nil {
			return err
		}
	}
	return k.checkWorks(ctx)
}

func deadlines(ctx context.Context, k *kit) error {
	far, cancel := asyncio.WithTimeout(ctx, time.Hour)
	defer cancel()
	want, _ := far.Deadline()
	at, err := deadline.Call(far, k.exec, struct{}{})
	if err != nil {
		return err
	}
	if at.IsZero() || at.Sub(want).Abs() > time.Minute {
		return fmt.Errorf("the function's deadline is %v, the caller's is %v", at, want)
	}
	if at, err := deadline.Call(ctx, k.exec, struct{}{}); err != nil || !at.IsZero() {
		return fmt.Errorf("the next function's deadline is %v (error %v); want none, like its caller", at, err)
	}
	return expires(ctx, k)
}

// expires makes a call whose deadline passes while the function runs, or before it begins.
func expires(ctx context.Context, k *kit) error {
	soon, cancel := asyncio.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	s, err := holds.Call(soon, k.exec, k.gate.arg("expires soon"))
	if err == nil && !s.Expired || err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("a function whose deadline passed returned %+v, %v; want context.DeadlineExceeded", s, err)
	}
	return k.checkWorks(ctx)
}
