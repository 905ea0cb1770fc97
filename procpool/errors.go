package procpool

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// ErrTooLarge is the error of a call with an argument or a result above Options.MaxMessage.
var ErrTooLarge = asyncio.RegisterError("procpool.ErrTooLarge", tooLarge{})

type tooLarge struct{}

func (tooLarge) Error() string { return "procpool: message too large" }

// Lost returns true. Map then repeats each element of the chunk in its own call.
func (tooLarge) Lost() bool { return true }

// explainNotRegistered returns err with an explanation if the worker does not have the function because this
// process has registered it after Main. It returns any other err unchanged.
func explainNotRegistered(function string, err error) error {
	name := strings.TrimSuffix(function, "[]") // Map appends "[]"
	if _, early := slices.BinarySearch(known, name); early || !errors.Is(err, asyncio.ErrNotRegistered) {
		return err
	}
	_, late := slices.BinarySearch(asyncio.Registered(), name)
	if !late || !strings.Contains(err.Error(), fmt.Sprintf("Execute(%q)", name)) { // the function may have called another one
		return err
	}
	return fmt.Errorf("procpool: call of %q: %w: Register was called at %s, after procpool.Main, so workers do not have the function; call Register in a package-level variable, or before procpool.Main",
		name, asyncio.ErrNotRegistered, engine.RegisteredAt(name))
}

// A WorkerCrash is the error of a call whose worker died while it ran the function. Other
// calls are not affected.
type WorkerCrash struct {
	Func   string // the name of the function
	Call   string // the ID of the call
	Reason string // how the worker died; at most 4 KiB
	Pid    int
	// OutOfMemory reports whether the Go runtime of the worker could not get memory. It
	// is false if C code did not check the result of malloc and caused a segmentation
	// violation. It is also false if the system's out-of-memory killer sent SIGKILL.
	OutOfMemory bool
	// ExitCode is the exit code of the worker, or -1 if Signal ended it.
	ExitCode int
	Signal   syscall.Signal
	// MaxRSS is the peak resident set size of the worker in bytes, as the system reports
	// it. On Linux it is at least the peak of this program until it started the worker,
	// because a new process shares the memory of its parent.
	MaxRSS int64
	// Stack is the trace that the Go runtime printed, empty if there is none. A long
	// trace is cut in the middle.
	Stack string
	// StderrTail is the end of the worker's standard error, at most 64 KiB.
	StderrTail string
}

// Error returns one line with the process, the function and the reason.
func (e *WorkerCrash) Error() string {
	return fmt.Sprintf("procpool: the worker (pid %d) that ran %q died: %s", e.Pid, e.Func, e.Reason)
}

// Lost returns true. Map then repeats each element of the lost chunk in its own call.
func (e *WorkerCrash) Lost() bool { return true }

// A StartError is the error of calls for which no worker could be started.
type StartError struct {
	Attempts   int    // the number of failed starts in a row
	Err        error  // the error of the last attempt
	StderrTail string // the end of the standard error of the last attempt
}

// Error returns one line with the number of attempts, Err, and the first line of StderrTail.
func (e *StartError) Error() string {
	text := fmt.Sprintf("procpool: no worker could be started in %d attempts: %v", e.Attempts, e.Err)
	if tail := strings.TrimSpace(e.StderrTail); tail != "" {
		line, _, _ := strings.Cut(tail, "\n")
		text += "; it printed: " + line
	}
	return text
}

// Unwrap returns Err.
func (e *StartError) Unwrap() error { return e.Err }

// A killedError is the error of a cancelled call whose worker was killed.
type killedError struct {
	text string
	ctx  error
}

func (e *killedError) Error() string { return e.text }
func (e *killedError) Unwrap() error { return e.ctx }
