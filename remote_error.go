package asyncio

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"sync"
)

// A RemoteError is an error that a registered function returned in another
// process: its text, its type, and what errors.Is knows it by.
type RemoteError struct {
	Type    string // the Go type of the error there
	Message string

	is []error
}

// Error returns the message.
func (e *RemoteError) Error() string { return e.Message }

// Is reports whether the error was target there. It knows the errors of this
// package, of context, io and fs, and those given to RegisterError.
func (e *RemoteError) Is(target error) bool {
	for _, err := range e.is {
		if err == target {
			return true
		}
	}
	return false
}

// RegisterError makes errors.Is find err in an error that comes from another
// process, under a name that is the same in all of them. Call it before main
// begins, beside the variable:
//
//	var ErrTooDark = asyncio.RegisterError("image.too-dark", errors.New("too dark"))
//
// It returns err, and panics if err is nil or cannot be compared, or the name is
// empty or taken.
func RegisterError(name string, err error) error {
	if err == nil || name == "" {
		panic(fmt.Sprintf("asyncio: RegisterError(%q, %v): a name and an error are expected", name, err))
	}
	if !reflect.ValueOf(err).Comparable() {
		panic(fmt.Sprintf("asyncio: RegisterError(%q): errors of type %T cannot be compared, so that errors.Is would not find it", name, err))
	}
	if !sentinels.add(name, err) {
		panic(fmt.Sprintf("asyncio: RegisterError(%q): the name is taken", name))
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

// namesOf returns what errors.Is knows err by.
func (s *sentinelTable) namesOf(err error) (names []string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for name, sentinel := range s.byName {
		if isError(err, sentinel) {
			names = append(names, name)
		}
	}
	return names
}

// isError is errors.Is, whatever the error's methods do.
func isError(err, target error) (is bool) {
	defer func() { recover() }()
	return errors.Is(err, target)
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

// sentError is an error on its way.
type sentError struct {
	Type, Message string
	Is            []string
	Panic         bool
	Stack         []byte
}

// EncodeError makes bytes of an error, for the implementation of an Executor.
func EncodeError(err error) []byte {
	if err == nil {
		return nil
	}
	var b bytes.Buffer
	sent := sentError{Type: fmt.Sprintf("%T", err), Is: sentinels.namesOf(err)}
	if p, ok := err.(*PanicError); ok {
		sent.Panic, sent.Stack, sent.Message = true, p.Stack, fmt.Sprint(p.Value)
	} else {
		sent.Message = errorText(err)
	}
	if e := gob.NewEncoder(&b).Encode(&sent); e != nil {
		panic(e) // strings and bytes always encode
	}
	return b.Bytes()
}

// errorText is err.Error(), whatever that does.
func errorText(err error) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprintf("asyncio: the method Error of %T panicked: %v", err, v)
		}
	}()
	return err.Error()
}

// DecodeError is the inverse of EncodeError: it returns a *RemoteError, a
// *PanicError whose Value is the text of what it was, or, for bytes that EncodeError
// did not make, an error that says so. No bytes are nil.
func DecodeError(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	var sent sentError
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&sent); err != nil {
		return fmt.Errorf("%w: an error from another process: %w", ErrEncoding, err)
	}
	remote := &RemoteError{Type: sent.Type, Message: sent.Message, is: sentinels.find(sent.Is)}
	switch {
	case !sent.Panic:
		return remote
	case len(remote.is) > 0: // the panic's value was an error
		return &PanicError{Value: remote, Stack: sent.Stack}
	}
	return &PanicError{Value: sent.Message, Stack: sent.Stack}
}
