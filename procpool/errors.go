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

// ErrTooLarge is returned for arguments and results above Options.MaxMessage.
var ErrTooLarge = asyncio.RegisterError("procpool.ErrTooLarge", tooLarge{})

type tooLarge struct{}

func (tooLarge) Error() string { return "procpool: message too large" }

// Lost has Map try the elements of a chunk that is too large in calls of their own.
func (tooLarge) Lost() bool { return true }

// explainLate returns err with an explanation if the worker does not have the function because this
// process has registered it after Main. It returns any other err unchanged.
func explainLate(function string, err error) error {
	name := strings.TrimSuffix(function, "[]") // Map appends "[]"
	if _, early := slices.BinarySearch(known, name); early || !errors.Is(err, asyncio.ErrNotRegistered) {
		return err
	}
	_, late := slices.BinarySearch(asyncio.Registered(), name)
	if !late || !strings.Contains(err.Error(), fmt.Sprintf("Execute(%q)", name)) { // the error may be of another function, called by this one
		return err
	}
	return fmt.Errorf("procpool: call of %q: %w: the call of Register at %s came after procpool.Main, so workers do not have the function; call Register in a package-level variable, or before procpool.Main",
		name, asyncio.ErrNotRegistered, engine.RegisteredAt(name))
}

// A WorkerCrash is the error of the call whose function ran in a worker that died.
// No other call notices.
type WorkerCrash struct {
	Func   string // the name of the function
	Call   string // the ID of the call
	Reason string // how the worker died; at most 4 KiB
	Pid    int
	// OutOfMemory says that it died of lack of memory: the Go runtime said so, or, with
	// Options.MemoryLimit set, fell over a nil pointer of its own, as its collector may.
	// C code that does not check what malloc returned dies of a segmentation violation
	// like any other, and the system's own killer by SIGKILL: then it is false.
	OutOfMemory bool
	// ExitCode is the worker's, -1 if a signal ended it, which is Signal then.
	ExitCode int
	Signal   syscall.Signal
	// MaxRSS is the most memory that the worker had in RAM, in bytes, as the system
	// tells. Linux counts from before the program was loaded, when the process shared
	// the memory of this one: what is less than this program's own peak is not known.
	MaxRSS int64
	// Stack is the trace that the Go runtime printed, if it did; of a long one the
	// beginning and the end.
	Stack string
	// StderrTail is what the worker last printed to its standard error, at most 64
	// KiB.
	StderrTail string
}

// Error says in one line what happened.
func (e *WorkerCrash) Error() string {
	return fmt.Sprintf("procpool: the worker (pid %d) that ran %q died: %s", e.Pid, e.Func, e.Reason)
}

// Lost returns true: it tells Map that the elements of a chunk were lost together.
func (e *WorkerCrash) Lost() bool { return true }

// A StartError is the error of calls for which no worker could be started.
type StartError struct {
	Attempts   int // in a row
	Err        error
	StderrTail string // of the last attempt
}

// Error says in one line what the last attempt failed with.
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

// killedError is the error of a cancelled call whose worker had to be killed.
type killedError struct {
	text string
	ctx  error
}

func (e *killedError) Error() string { return e.text }
func (e *killedError) Unwrap() error { return e.ctx }
