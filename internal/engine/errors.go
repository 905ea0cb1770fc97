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

	errNotMade  = errors.New("asyncio: not initialized")
	errLoopRuns = errors.New("asyncio: event loop running")
)

// taskCancelled is the error of a task that ended cancelled: another fact than
// "I was cancelled", although both match context.Canceled.
type taskCancelled struct{}

func (taskCancelled) Error() string { return "asyncio: task cancelled" }

func (taskCancelled) Is(target error) bool { return target == context.Canceled }

// Cancelled makes the error of a task or future that was cancelled.
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

// Failed returns the error of a task or future that failed with err. An error that
// matches ErrTaskCancelled says that the awaited task was cancelled (S16). If err is that
// of another task, which this one awaited, it must not match: the result matches all
// that err does except ErrTaskCancelled.
func Failed(err error) error {
	if saysTaskCancelled(err) {
		return &relayedError{err}
	}
	return err
}

// relayedError has no Unwrap: errors.Is would go on to what it hides.
type relayedError struct{ err error }

func (e *relayedError) Error() string { return e.err.Error() }

func (e *relayedError) Is(target error) bool {
	return target != ErrTaskCancelled && errors.Is(e.err, target)
}

func (e *relayedError) As(target any) bool { return errors.As(e.err, target) }

// saysTaskCancelled is errors.Is(err, ErrTaskCancelled) for any error. It reports false if a
// method of err panics, and the search ends after maxUnwrap errors.
func saysTaskCancelled(err error) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	open := []error{err}
	for range maxUnwrap {
		if len(open) == 0 {
			return false
		}
		err, open = open[0], open[1:]
		if err == nil {
			continue
		}
		if matches(err, ErrTaskCancelled) {
			return true
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			open = append(open, e.Unwrap())
		case interface{ Unwrap() []error }:
			open = append(open, e.Unwrap()...)
		}
	}
	return false
}

const maxUnwrap = 1000
