package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// This file holds what the tests of the numbered semantics share. A test is
// named after the rule that it fails without: TestS07_... for rule S7.

// errBoom is an error that means nothing to the library.
var errBoom = errors.New("boom")

// runVirtual is asyncio.Run in virtual time, for tests in which the error of
// Run is the subject: asynciotest.Run would make it the test's failure.
func runVirtual(t *testing.T, main func(ctx context.Context) error, opts ...asyncio.Option) (err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		err = asyncio.Run(t.Context(), main, append(opts, virtual)...)
	})
	return err
}

// virtual makes a loop of a synctest bubble, as asynciotest does.
func virtual(c *engine.Config) { c.Virtual = true }

// quiet is the logger of tests that fail on purpose.
var quiet = slog.New(slog.DiscardHandler)

// A trace is what happened, in order.
type trace []string

// add appends the words, joined as in fmt.Sprint.
func (tr *trace) add(words ...any) { *tr = append(*tr, fmt.Sprint(words...)) }

func (tr *trace) expect(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(*tr, " "); got != want {
		t.Errorf("order\n got %s\nwant %s", got, want)
	}
}

// countTurns counts the turns of the loop by a callback that queues itself.
// While it counts, virtual time stands still.
func countTurns(ctx context.Context) (turns *int, stop func()) {
	l := asyncio.LoopOf(ctx)
	turns = new(int)
	var next *asyncio.Handle
	var tick func()
	tick = func() {
		*turns++
		next = l.CallSoon(tick)
	}
	next = l.CallSoon(tick)
	return turns, func() { next.Cancel() }
}

// value makes a coroutine that returns v at once.
func value[T any](v T) asyncio.Coroutine[T] {
	return func(context.Context) (T, error) { return v, nil }
}

// failing makes a coroutine that fails at once.
func failing(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// leaves returns the errors that err joins, and those that they join.
func leaves(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, leaves(e)...)
	}
	return all
}

// expectErrors checks that err joins exactly want, in that order.
func expectErrors(t *testing.T, err error, want ...error) {
	t.Helper()
	if got := leaves(err); !slices.Equal(got, want) {
		t.Errorf("errors\n got %q\nwant %q", got, want)
	}
}
