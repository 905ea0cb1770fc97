package asyncio

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// The errors of the package, for errors.Is. An await whose ctx is cancelled
// returns ctx.Err(), as everywhere in Go; context.Cause(ctx) tells why.
var (
	// ErrNoLoop is returned by calls that need an event loop when their ctx has
	// none, and by calls that would block the goroutine of a running step.
	ErrNoLoop = engine.ErrNoLoop
	// ErrLoopClosed is returned for whatever comes after the loop has ended.
	ErrLoopClosed = engine.ErrLoopClosed
	// ErrNotDone is returned by Result and Err of what has not ended.
	ErrNotDone = engine.ErrNotDone
	// ErrTaskCancelled is matched by the error of a task or future that was
	// cancelled, and by no other task's error. Such an error also matches
	// context.Canceled and the cause given to Cancel. A task that was not cancelled
	// may return such an error of a task that it awaited. It has failed then: its
	// error has the same text and the same matches, except ErrTaskCancelled.
	ErrTaskCancelled = engine.ErrTaskCancelled
	// ErrScopeEnded is the error of a task created in a scope that has ended, and the
	// cause that context.Cause returns for the scope's ctx.
	ErrScopeEnded = engine.ErrScopeEnded
	// ErrWrongTask is returned when a goroutine that does not run the current
	// step of the ctx's loop tries to suspend: another goroutine, or a callback.
	ErrWrongTask = engine.ErrWrongTask
	// ErrWrongLoop is returned in a step of one loop for a ctx or a primitive of
	// another loop.
	ErrWrongLoop = engine.ErrWrongLoop
	// ErrDeadlock is returned by a wait that can never end. It matches the errors of
	// two cases:
	//
	//   - The wait closes a cycle of tasks that wait for each other: in Await, in
	//     Lock.Acquire, in Gather, GatherResults or Wait for all of several tasks, in
	//     AsCompleted or Wait for the last one, in WithTaskGroup or Group.Close. The error names all
	//     of them. A timeout of one of the waits makes no difference. A wait that cannot
	//     be refused, such as that of WithTaskGroup for its tasks, ends the wait of one
	//     of these tasks instead.
	//   - The task that holds a Lock ended without releasing it.
	//
	// Waits for a Semaphore, a Queue, an Event, a Future, a thread or a task of another
	// loop are not examined.
	ErrDeadlock = engine.ErrDeadlock
	// ErrQueueShutdown is returned by a queue that was shut down: by Put at once,
	// by Get when nothing is left.
	ErrQueueShutdown = errors.New("asyncio: queue shut down")
	// ErrBarrierBroken is returned by Wait of a barrier that was aborted or reset.
	ErrBarrierBroken = errors.New("asyncio: barrier broken")
	// ErrExecutorClosed is returned for calls of registered functions that come
	// after the Close of their executor.
	ErrExecutorClosed = errors.New("asyncio: executor closed")
	// ErrNoExecutor is returned for calls of registered functions by a nil executor.
	ErrNoExecutor = errors.New("asyncio: no executor")
	// ErrNotRegistered is returned where a function is to run that this process
	// does not know: it must be registered before main begins.
	ErrNotRegistered = errors.New("asyncio: no such function is registered")
	// ErrEncoding is returned when an argument, a result or an error could not be
	// encoded or decoded.
	ErrEncoding = errors.New("asyncio: encoding failed")
)

// A PanicError is a panic of a coroutine or a callback: Run panics with it, or
// it is the error of the task under WithPanicsAsErrors.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // of the goroutine that panicked, as debug.Stack prints it

	printed uint32 // atomic: 1 when a loop has printed the stack
}

// Error returns one line: the value, without the stack. The package is named once.
func (e *PanicError) Error() string {
	line, _, more := strings.Cut(fmt.Sprint(e.Value), "\n")
	if more {
		line += " ..."
	}
	return "asyncio: panic: " + strings.TrimPrefix(line, "asyncio: ")
}

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

func newPanicError(value any, stack []byte) error {
	if e, ok := value.(*PanicError); ok {
		return e
	}
	return &PanicError{Value: value, Stack: stack}
}

// printOnce returns the stack of an error made by newPanicError, and false if it was called before.
func printOnce(err error) (stack []byte, first bool) {
	e := err.(*PanicError)
	return e.Stack, atomic.CompareAndSwapUint32(&e.printed, 0, 1)
}

// An UnhandledError is an error that no caller received, as Run returns it.
type UnhandledError struct {
	Task    string // the name of the task
	Created string // where it was created, file:line
	Err     error
}

// Error names the task, where it was created, and the error.
func (e *UnhandledError) Error() string {
	return fmt.Sprintf("asyncio: unhandled error of task %q (created at %s): %v", e.Task, e.Created, e.Err)
}

// Unwrap returns Err.
func (e *UnhandledError) Unwrap() error { return e.Err }
