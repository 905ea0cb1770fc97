package asyncio

import (
	"context"
	"fmt"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// WaitUntil says when Wait returns.
type WaitUntil int

const (
	AllCompleted   WaitUntil = iota // when all tasks have ended
	FirstCompleted                  // when one has ended
	FirstError                      // when one has failed, otherwise when all have ended; being cancelled is not failing
)

func (u WaitUntil) String() string {
	switch u {
	case AllCompleted:
		return "AllCompleted"
	case FirstCompleted:
		return "FirstCompleted"
	case FirstError:
		return "FirstError"
	}
	return fmt.Sprintf("WaitUntil(%d)", int(u))
}

// Wait suspends the calling task until so many of the tasks have ended, and
// returns those that have and those that have not, each in order of the
// arguments; for no tasks at once. It cancels nothing. If ctx is cancelled first it returns ctx.Err(),
// with done and pending filled all the same; so does any other error. Errors of
// the tasks are not received by it: ask their Result or Err.
func Wait[A AnyTask](ctx context.Context, until WaitUntil, tasks ...A) (done, pending []A, err error) {
	defer func() {
		for _, t := range tasks {
			if !isNil(t) && t.core().Completion().IsDone() {
				done = append(done, t)
			} else {
				pending = append(pending, t)
			}
		}
	}()
	for i, t := range tasks {
		if isNil(t) {
			return nil, nil, engine.Refuse(errNilAwaitable, fmt.Sprintf("task %d of %d is nil", i, len(tasks)))
		}
	}
	var enough func(*engine.MultiAwait, *engine.Completion) bool
	switch until {
	case AllCompleted:
		enough = waitForAll
	case FirstCompleted:
		enough = func(*engine.MultiAwait, *engine.Completion) bool { return true }
	case FirstError:
		enough = func(_ *engine.MultiAwait, c *engine.Completion) bool { return c.Failed() && !c.WasCancelled() }
	default:
		return nil, nil, fmt.Errorf("asyncio: Wait(%v): until must be AllCompleted, FirstCompleted or FirstError", until)
	}
	multiAwait, err := engine.NewMultiAwait(ctx, enough)
	if err != nil {
		return nil, nil, err
	}
	multiAwait.Partial = until != AllCompleted
	here := engine.NodeOf(ctx).Loop()
	for i, t := range tasks {
		if t.core().Loop() != here {
			multiAwait.Abort()
			return nil, nil, engine.Misuse(ErrWrongLoop, "Wait", fmt.Sprintf("task %d of %d belongs to another event loop; Await it", i, len(tasks)))
		}
		multiAwait.Observe(t.core().Completion(), true)
	}
	_, err = multiAwait.Wait()
	return nil, nil, err
}
