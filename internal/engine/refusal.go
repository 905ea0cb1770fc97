package engine

import (
	"errors"
	"runtime"

	"github.com/asyncio-go/asyncio/internal/callsite"
)

// What is wrong with a call that is refused, and what to do instead (S19, S20).
const (
	whatNilContext = "nil context; pass the ctx of the coroutine"
	whatNoLoop     = "no event loop in ctx; call it in a coroutine with its ctx, or use Submit"
	whatClosed     = "the event loop of ctx has closed"
	whatCallback   = "a callback cannot suspend; start a task with asyncio.Go"
	// Which task has resumed the sequence, and whether that task runs, cannot be found out.
	whatPulled       = "a sequence of iter.Pull cannot suspend; use asyncio.Pull, in whose sequences a task may await"
	whatOtherLoop    = "ctx belongs to another event loop; use the ctx of this coroutine, or Submit to the other loop"
	whatOtherStep    = "this goroutine does not run the current step of the event loop of ctx; start it with asyncio.Go instead of the go statement, or use Submit"
	whatOffLoop      = "this goroutine does not run the current step of the event loop; call it in a coroutine or a callback, or by CallSoonThreadsafe"
	whatScopeEnded   = "the scope has ended; create the task in a scope that is open, or with the ctx of Detach"
	whatOtherBinding = "another event loop uses it; make one for each loop"
)

// A misuse is the error of a call that is refused. It matches a sentinel, and names the
// call: that is found on the stack, so that calls which are admitted pay nothing for it.
type misuse struct {
	kind  error // the sentinel
	what  string
	call  string      // "": it is on the stack
	stack [16]uintptr // of the refused call, from the innermost frame on
}

// Misuse returns the error of a call with the given name.
func Misuse(kind error, call, what string) error { return &misuse{kind: kind, call: call, what: what} }

// IsMisuse reports whether err refuses a call, whatever the state of its ctx.
func IsMisuse(err error) bool {
	var m *misuse
	return errors.As(err, &m)
}

// NilContext returns the error of a public call whose ctx is nil.
func NilContext() error { return Refuse(ErrNilContext, whatNilContext) }

// NoLoop returns the error of a public call whose ctx has no loop.
func NoLoop() error { return Refuse(ErrNoLoop, whatNoLoop) }

// notMade returns the error of a public call of a zero Task. If t is nil, the call was of a
// zero Future.
func notMade(t *Task) error {
	if t == nil {
		return Refuse(errNotMade, "not initialized; make it with NewFuture")
	}
	return Refuse(errNotMade, "not initialized; make it with CreateTask, Go or Submit")
}

// Refuse returns the error of the public call that is under way.
//
//go:noinline
func Refuse(kind error, what string) error {
	m := &misuse{kind: kind, what: what}
	runtime.Callers(2, m.stack[:])
	return m
}

func (m *misuse) Unwrap() error { return m.kind }

func (m *misuse) Error() string {
	pkg, call := "asyncio", m.call
	if call == "" {
		pkg, call = callsite.PublicCall(m.stack[:])
	}
	if call == "" {
		return "asyncio: " + m.what
	}
	return pkg + ": " + call + ": " + m.what
}
