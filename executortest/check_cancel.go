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

// cancelBeforeStart has Start called with a ctx that has ended.
func cancelBeforeStart(ctx context.Context, k *kit) error {
	ended, cancel := context.WithCancel(ctx)
	defer cancel()
	k.exec.onStart = cancel
	_, err := holds.Call(ended, k.exec, k.gate.arg("too late"))
	k.exec.onStart = nil
	accepted, startErr := k.exec.answer(0)
	if !accepted && !errors.Is(startErr, context.Canceled) {
		return fmt.Errorf("Start with a cancelled ctx returned %v; want ctx.Err() or nil", startErr)
	}
	if !accepted && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a call that was cancelled before Start gave %v", err)
	}
	return k.works(ctx)
}

// cancelQueued cancels a call that waits for a place, in Start or after it.
func cancelQueued(ctx context.Context, k *kit) error {
	held, err := k.fill(ctx)
	if err != nil {
		return err
	}
	queued := holds.Submit(ctx, k.exec, k.gate.arg("queued"))
	if err := turns(ctx); err != nil {
		return err
	}
	queued.Cancel(nil)
	s, err := queued.Await(ctx)
	_, sure := k.exec.workers()
	if sure && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a call that was cancelled in the queue gave %+v, %v; want a cancellation", s, err)
	}
	k.gate.open()
	if err := released(ctx, held...); err != nil {
		return err
	}
	for range 2 * len(held) { // what is left in the queue would come before these
		if err := k.works(ctx); err != nil {
			return err
		}
	}
	if sure && k.gate.hasBegun("queued") {
		return errors.New("a call that was cancelled in the queue has begun")
	}
	return nil
}

// cancelRunning has the function tell of its ctx, and expects its answer.
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
		return fmt.Errorf("a function that returned a result after it was cancelled gave the error %w", err)
	case s.Err != context.Canceled.Error():
		return fmt.Errorf("the function's ctx ended with %q; want %q", s.Err, context.Canceled)
	case !strings.Contains(s.Cause, "the reader left") || !s.IsSample:
		return fmt.Errorf("in the function the cause was %q (errors.Is finds the registered error: %t); want %q with it", s.Cause, s.IsSample, context.Cause(callCtx))
	}
	return k.works(ctx)
}

// cancelIgnored cancels functions that do not look. They are ended by force, and
// others are not.
func cancelIgnored(ctx context.Context, k *kit) error {
	var other *asyncio.Task[stopped]
	if k.exec.Workers() > 1 {
		other = holds.Submit(ctx, k.exec, k.gate.arg("other"))
		if err := k.gate.begun(ctx, "other"); err != nil {
			return err
		}
	}
	call := holds.Submit(ctx, k.exec, k.gate.deaf("deaf"))
	if err := k.gate.begun(ctx, "deaf"); err != nil {
		return err
	}
	call.Cancel(nil)
	if s, err := call.Await(ctx); err == nil {
		return fmt.Errorf("a function that ignored its cancellation gave %+v and no error", s)
	}
	k.gate.open()
	if other != nil {
		if err := released(ctx, other); err != nil {
			return err
		}
	}
	return k.works(ctx)
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
		return fmt.Errorf("the next function's deadline is %v (error %v), its caller has none", at, err)
	}
	return expires(ctx, k)
}

// expires has a deadline pass while the function runs. The function may not even
// have begun by then.
func expires(ctx context.Context, k *kit) error {
	soon, cancel := asyncio.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	s, err := holds.Call(soon, k.exec, k.gate.arg("expires soon"))
	if err == nil && !s.Expired || err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("a function whose deadline passed gave %+v, %v", s, err)
	}
	return k.works(ctx)
}
