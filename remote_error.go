package asyncio

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"reflect"
	"sync"

	"github.com/asyncio-go/asyncio/internal/truncate"
)

// A RemoteError is an error that a registered function returned in another process: its text, its
// type, and the registered errors that errors.Is finds. EncodeError may have shortened the text.
type RemoteError struct {
	Type    string // the Go type of the original error
	Message string

	is       []error
	panicked *PanicError // wrapped by the original error; nil: none
}

// Error returns the message.
func (e *RemoteError) Error() string { return e.Message }

// Is reports whether errors.Is found target in the original error. It supports the errors of this
// package, of context, io and fs, and those passed to RegisterError.
func (e *RemoteError) Is(target error) bool {
	for _, err := range e.is {
		if err == target {
			return true
		}
	}
	return false
}

// Unwrap returns the *PanicError that the original error wrapped, with its stack, or nil.
func (e *RemoteError) Unwrap() error {
	if e.panicked == nil {
		return nil
	}
	return e.panicked
}

// RegisterError registers err under a name, so that errors.Is finds err in an error from another
// process. The name must be the same in all processes. Call RegisterError in a package-level
// variable:
//
//	var ErrTooDark = asyncio.RegisterError("image.too-dark", errors.New("too dark"))
//
// It returns err. It panics if err is nil or not comparable, or if the name is empty, already
// registered, or longer than 4 KiB.
func RegisterError(name string, err error) error {
	switch {
	case name == "":
		panic(fmt.Sprintf("asyncio: RegisterError(\"\", %v): name must not be empty", err))
	case err == nil:
		panic(fmt.Sprintf("asyncio: RegisterError(%q, nil): err must not be nil", name))
	}
	if !reflect.ValueOf(err).Comparable() {
		panic(fmt.Sprintf("asyncio: RegisterError(%q): err of type %T must be comparable; register a pointer", name, err))
	}
	if len(name) > maxName {
		panic(fmt.Sprintf("asyncio: RegisterError(%q..., %v): name must have at most %d bytes", name[:20], err, maxName))
	}
	if !sentinels.add(name, err) {
		panic(fmt.Sprintf("asyncio: RegisterError(%q): the name is already registered", name))
	}
	return err
}

var sentinels = sentinelTable{byName: map[string]error{
	"context.Canceled":         context.Canceled,
	"context.DeadlineExceeded": context.DeadlineExceeded,
	"io.EOF":                   io.EOF,
	"io.ErrUnexpectedEOF":      io.ErrUnexpectedEOF,
	"io.ErrClosedPipe":         io.ErrClosedPipe,
	"io.ErrShortWrite":         io.ErrShortWrite,
	"io.ErrNoProgress":         io.ErrNoProgress,
	"fs.ErrInvalid":            fs.ErrInvalid,
	"fs.ErrPermission":         fs.ErrPermission,
	"fs.ErrExist":              fs.ErrExist,
	"fs.ErrNotExist":           fs.ErrNotExist,
	"fs.ErrClosed":             fs.ErrClosed,

	"asyncio.ErrNoLoop":         ErrNoLoop,
	"asyncio.ErrLoopClosed":     ErrLoopClosed,
	"asyncio.ErrNotDone":        ErrNotDone,
	"asyncio.ErrTaskCancelled":  ErrTaskCancelled,
	"asyncio.ErrScopeEnded":     ErrScopeEnded,
	"asyncio.ErrWrongTask":      ErrWrongTask,
	"asyncio.ErrWrongLoop":      ErrWrongLoop,
	"asyncio.ErrDeadlock":       ErrDeadlock,
	"asyncio.ErrQueueShutdown":  ErrQueueShutdown,
	"asyncio.ErrBarrierBroken":  ErrBarrierBroken,
	"asyncio.ErrExecutorClosed": ErrExecutorClosed,
	"asyncio.ErrNoExecutor":     ErrNoExecutor,
	"asyncio.ErrNotRegistered":  ErrNotRegistered,
	"asyncio.ErrEncoding":       ErrEncoding,
}}

type sentinelTable struct {
	mu     sync.RWMutex
	byName map[string]error
}

func (s *sentinelTable) add(name string, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName[name] != nil {
		return false
	}
	s.byName[name] = err
	return true
}

// all returns a copy of the table. The caller may call methods of errors without the lock.
func (s *sentinelTable) all() map[string]error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.byName)
}

func (s *sentinelTable) find(names []string) (found []error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, name := range names {
		if err := s.byName[name]; err != nil {
			found = append(found, err)
		}
	}
	return found
}

// A sentError is an encoded error.
type sentError struct {
	Type, Message string
	Is            []string   // the names of the registered errors that errors.Is finds
	Panic         *sentPanic // nil: the error is not a panic and wraps none
}

type sentPanic struct {
	Value   string
	Stack   []byte
	Wrapped bool // the error wraps the panic
}

// EncodeError encodes an error. It is for implementations of Executor. If a method of the error
// panics, calls runtime.Goexit, or unwraps without end, EncodeError leaves out the result of that
// method. A method that blocks also blocks EncodeError.
//
// EncodeError shortens a text above 1 MiB: the message, a panic's value or stack, or a type's
// name. It keeps the beginning and the end, and a note with the number of bytes left out. The
// result of errors.Is does not depend on the text.
func EncodeError(err error) []byte {
	if err == nil {
		return nil
	}
	sent := sentError{Type: truncate.Middle(fmt.Sprintf("%T", err), maxErrorText)}
	if p, ok := err.(*PanicError); ok {
		sent.Panic = &sentPanic{Stack: shortStack(p)}
		sent.Message = textOf(p, func() string { return fmt.Sprint(p.Value) })
	} else {
		sent.Message = textOf(err, err.Error)
	}
	sent.describe(errorTree(err))
	var b bytes.Buffer
	if e := gob.NewEncoder(&b).Encode(&sent); e != nil {
		panic(e) // strings and bytes always encode
	}
	return b.Bytes()
}

const (
	maxName      = 4 << 10 // bytes in the name of a function or a sentinel
	maxErrorText = 1 << 20
)

func shortStack(p *PanicError) []byte {
	if len(p.Stack) <= maxErrorText {
		return p.Stack
	}
	return []byte(truncate.Middle(string(p.Stack), maxErrorText))
}

// textOf calls method, a method of err, and returns its result, shortened.
func textOf(err error, method func() string) string {
	return truncate.Middle(fullTextOf(err, method), maxErrorText)
}

func fullTextOf(err error, method func() string) (text string) {
	failed := isolated(func() error {
		text = method()
		return nil
	})
	var p *PanicError
	switch {
	case failed == nil:
		return text
	case !errors.As(failed, &p):
		return fmt.Sprintf("asyncio: the method Error of %T called runtime.Goexit", err)
	}
	isolated(func() error {
		text = fmt.Sprintf(": %v", p.Value)
		return nil
	})
	return fmt.Sprintf("asyncio: the method Error of %T panicked%s", err, text)
}

// describe stores the registered errors and the panic that are in the tree.
func (s *sentError) describe(tree []error) {
	known := sentinels.all()
	note := func(is func(sentinel error) bool) {
		for name, sentinel := range known {
			if is(sentinel) {
				s.Is = append(s.Is, name)
				delete(known, name)
			}
		}
	}
	for _, err := range tree {
		if reflect.ValueOf(err).Comparable() {
			note(func(sentinel error) bool { return err == sentinel })
		}
		if p, ok := err.(*PanicError); ok && s.Panic == nil {
			s.Panic = &sentPanic{Value: textOf(p, func() string { return fmt.Sprint(p.Value) }), Stack: shortStack(p), Wrapped: true}
		}
	}
	for _, err := range tree {
		if e, ok := err.(interface{ Is(error) bool }); ok {
			isolated(func() error {
				note(e.Is)
				return nil
			})
		}
	}
}

const (
	maxLevels = 64   // of wrapped errors
	maxErrors = 1000 // of a tree
)

// errorTree returns the error and the errors that it wraps, in the order of errors.Is. The limits
// apply to errors that wrap themselves. A panic or a runtime.Goexit in a method Unwrap ends the
// branch.
func errorTree(err error) (tree []error) {
	var visit func(err error, level int)
	visit = func(err error, level int) {
		if err == nil || level == maxLevels || len(tree) == maxErrors {
			return
		}
		tree = append(tree, err)
		for _, wrapped := range unwrap(err) {
			visit(wrapped, level+1)
		}
	}
	visit(err, 0)
	return tree
}

func unwrap(err error) (wrapped []error) {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		isolated(func() error {
			wrapped = []error{e.Unwrap()}
			return nil
		})
	case interface{ Unwrap() []error }:
		isolated(func() error {
			wrapped = e.Unwrap()
			return nil
		})
	}
	return wrapped
}

// DecodeError is the inverse of EncodeError. It returns a *RemoteError, or a *PanicError whose Value
// is the text of the original value. For no bytes it returns nil, and for other bytes that are not
// from EncodeError an error that wraps ErrEncoding.
func DecodeError(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	var sent sentError
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&sent); err != nil {
		return fmt.Errorf("%w: DecodeError: %w", ErrEncoding, err)
	}
	remote := &RemoteError{Type: sent.Type, Message: sent.Message, is: sentinels.find(sent.Is)}
	switch p := sent.Panic; {
	case p == nil:
		return remote
	case p.Wrapped:
		remote.panicked = &PanicError{Value: p.Value, Stack: p.Stack}
		return remote
	case len(remote.is) > 0: // the panic's value was an error
		return &PanicError{Value: remote, Stack: p.Stack}
	}
	return &PanicError{Value: sent.Message, Stack: sent.Panic.Stack}
}
