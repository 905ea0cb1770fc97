package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"sync"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// This module assumes more of the Go runtime and of package context than their documentation
// promises. The first Run of a process checks what a loop depends on, by behaviour: that Run
// and all later ones return an error if it does not hold.
//
//	assumption                                          | checked by
//	the g register identifies a goroutine               | coro.Check
//	the runtime's g holds the goroutine's number        | coro.Check
//	frame pointers lead to the caller (amd64, arm64)    | coro.Check
//	traces begin with the goroutine's number            | coro.Check
//	a channel value is one pointer                      | checkChannel
//	package context finds its own type by a private key | checkContext
//	package context calls a parent's AfterFunc method   | checkContext
//
// If one of these does not hold, Run logs one warning, and only that feature is missing:
//
//	the stack of a coroutine begins with runtime.corostart,
//	and its trace ends with "created by" and its creator | coro.Check: blocking calls from within an iter.Pull are not refused
//
// What only a report depends on is not checked: the report says less.
//
//	a suspended coroutine's leaf is the same function for all    | capture.go: a stall has no stack
//	a trace prints a function's pointer arguments as addresses   | dump.go: a dump has no lines
//	a generic function's closures have an address for each shape | stackmarker.go: a stall has no stack
//	names of functions and states in traces                      | internal/stall: a stall has a coarser class
//
// Weak pointers and runtime.AddCleanup are used as documented. No GOEXPERIMENT is needed.

// A runtimeCheck is what the first Run of a process found out.
type runtimeCheck struct {
	once sync.Once
	look func() (limit string, err error) // coro.Check; tests replace it
	key  func() any                       // learnStdKey; tests replace it
	word func(chan struct{}) uintptr      // wordOf; tests replace it
	err  error
}

var checked = &runtimeCheck{look: coro.Check, key: learnStdKey, word: wordOf}

// verify checks the runtime at its first call. It logs to l what does not work.
func (c *runtimeCheck) verify(l *Loop) error {
	var limit string
	c.once.Do(func() {
		var err error
		if limit, err = c.look(); err == nil {
			err = cmp.Or(checkChannel(c.word), checkContext(c.key()))
		}
		if err != nil {
			c.err = fmt.Errorf("asyncio: Run: %s is not supported: %w; build with Go 1.26 or 1.27, or use a newer version of github.com/asyncio-go/asyncio", runtime.Version(), err)
		}
	})
	if limit != "" && c.err == nil {
		l.log(slog.LevelWarn, "asyncio: "+limit, "go", runtime.Version())
	}
	return c.err
}

// checkChannel finds out whether word is the address of the channel.
func checkChannel(word func(chan struct{}) uintptr) error {
	if ch := make(chan struct{}); word(ch) != reflect.ValueOf(ch).Pointer() {
		return errors.New("a channel value is not one pointer")
	}
	return nil
}

// checkContext finds out whether key makes package context treat a context as one of its
// own, and sets stdKey.
func checkContext(key any) error {
	if key == nil {
		return errors.New("package context does not ask a context for its private key")
	}
	f := &feed{}
	parent, cancel := context.WithCancelCause(f)
	defer cancel(nil)
	if f.after == nil {
		return errors.New("package context does not call the AfterFunc method of a parent")
	}
	bridged := &keyed{Context: parent, key: key}
	child, stop := context.WithCancel(bridged)
	defer stop()
	f.end(&cancelState{err: context.DeadlineExceeded})
	if bridged.asked || child.Err() != context.DeadlineExceeded {
		return errors.New("package context does not find its own type by its private key")
	}
	stdKey = key
	return nil
}

// A keyed context differs from a context of another package only in the value that it
// returns for a key.
type keyed struct {
	context.Context
	key   any
	asked bool // for AfterFunc, as a context of another package is
}

func (c *keyed) Value(key any) any {
	if key == c.key {
		return c.Context.Value(key)
	}
	return nil
}

func (c *keyed) AfterFunc(func()) (stop func() bool) {
	c.asked = true
	return func() bool { return false }
}
