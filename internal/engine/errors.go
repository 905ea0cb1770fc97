package engine

import (
	"context"
	"errors"
	"fmt"
)

// The sentinel errors of the public package, which gives them its names.
var (
	ErrNoLoop        = errors.New("asyncio: no event loop in ctx")
	ErrLoopClosed    = errors.New("asyncio: event loop closed")
	ErrNotDone       = errors.New("asyncio: not done")
	ErrScopeEnded    = errors.New("asyncio: scope ended")
	ErrWrongTask     = errors.New("asyncio: wrong task")
	ErrWrongLoop     = errors.New("asyncio: wrong event loop")
	ErrDeadlock      = errors.New("asyncio: deadlock")
	ErrNilContext    = errors.New("asyncio: nil context")
	ErrTaskCancelled = error(taskCancelled{})

	errLoopRuns = errors.New("asyncio: event loop running")
)

// taskCancelled is the error of a task that ended cancelled: another fact than
// "I was cancelled", although both match context.Canceled.
type taskCancelled struct{}

func (taskCancelled) Error() string { return "asyncio: task cancelled" }

func (taskCancelled) Is(target error) bool { return target == context.Canceled }

// Cancelled makes the error of a future that was cancelled.
func Cancelled(what string, cause error) error { return &cancelledError{what, cause} }

// cancelledError is taskCancelled for one task, with what is known about it.
type cancelledError struct {
	what  string // the task, quoted
	cause error  // never nil
}

func (e *cancelledError) Error() string {
	if e.cause == context.Canceled {
		return fmt.Sprintf("asyncio: %s was cancelled", e.what)
	}
	return fmt.Sprintf("asyncio: %s was cancelled: %v", e.what, e.cause)
}

func (e *cancelledError) Is(target error) bool {
	return target == ErrTaskCancelled || target == context.Canceled
}

func (e *cancelledError) Unwrap() error { return e.cause }
