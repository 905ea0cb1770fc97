package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// This file has what the tests of S12 to S21 and of misuse share.

// errWhy is the cause of cancellations, errBroken the failure of tasks.
var (
	errWhy    = errors.New("why it was cancelled")
	errBroken = errors.New("broken")
)

// panicOf returns what fn panics with, nil if it returns.
func panicOf(fn func()) (v any) {
	defer func() { v = recover() }()
	fn()
	return nil
}

// How a call ended.
const (
	itReturned = "returned"
	itPanicked = "panicked"
	itExited   = "exited its goroutine"
)

// endOf calls fn in a goroutine of its own and tells how it ended, and the value of a panic.
func endOf(fn func()) (how string, v any) {
	how = itExited
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if how == itExited {
				if v = recover(); v != nil {
					how = itPanicked
				}
			}
		}()
		fn()
		how = itReturned
	}()
	<-done
	return how, v
}

// captureStderr makes os.Stderr a file until the test ends, for loops made from now on, and returns what
// reads everything that was printed so far.
func captureStderr(t *testing.T) (printed func() string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "stderr")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = f
	t.Cleanup(func() {
		os.Stderr = old
		f.Close()
	})
	return func() string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Errorf("captured stderr: %v", err)
		}
		return string(text)
	}
}

// noGoroutinesLeft fails the test if, at its end, there are more goroutines than now. What only has to run
// to its end is given the time that it needs, in turns of the scheduler.
func noGoroutinesLeft(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 100_000 {
			if runtime.NumGoroutine() <= before {
				return
			}
			runtime.Gosched()
		}
		stacks := make([]byte, 1<<16)
		stacks = stacks[:runtime.Stack(stacks, true)]
		t.Errorf("%d goroutines, %d before the test:\n%s", runtime.NumGoroutine(), before, stacks)
	})
}

// liveHeap returns the bytes of reachable objects.
func liveHeap() uint64 {
	least := uint64(math.MaxUint64)
	for range 3 { // asynciotest's watchdog holds the stacks of all goroutines now and then, for a moment
		runtime.GC()
		runtime.GC() // what has a clean-up or a finalizer takes two
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		least = min(least, m.HeapAlloc)
	}
	return least
}

// A logbook is a slog.Handler that keeps what is logged, one line each.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

func (b *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (b *logbook) WithAttrs([]slog.Attr) slog.Handler       { return b }
func (b *logbook) WithGroup(string) slog.Handler            { return b }

func (b *logbook) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line)
	return nil
}

// containing returns the lines with text in them.
func (b *logbook) containing(text string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.lines), func(line string) bool { return !strings.Contains(line, text) })
}

// here returns file:line of the caller, some lines further down.
func here(down int) string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line+down)
}

// forever is a coroutine that waits until it is cancelled.
func forever(ctx context.Context) error { return asyncio.Sleep(ctx, 1<<62) }

// turns gives up n turns.
func turns(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	for range n {
		if err := asyncio.Sleep(ctx, 0); err != nil {
			t.Errorf("Sleep(ctx, 0): %v", err)
		}
	}
}

// await is task.Await for tests in which it must not fail.
func await[T any](ctx context.Context, t *testing.T, task asyncio.Awaitable[T]) T {
	t.Helper()
	v, err := task.Await(ctx)
	if err != nil {
		t.Errorf("Await: %v", err)
	}
	return v
}

// wantErr checks that err matches all of want.
func wantErr(t *testing.T, what string, err error, want ...error) {
	t.Helper()
	for _, w := range want {
		if !errors.Is(err, w) {
			t.Errorf("%s: error %v, want one that matches %q", what, err, w)
		}
	}
}

// wantNotErr checks that err matches none of the others.
func wantNotErr(t *testing.T, what string, err error, not ...error) {
	t.Helper()
	for _, n := range not {
		if errors.Is(err, n) {
			t.Errorf("%s: error %v, want one that does not match %q", what, err, n)
		}
	}
}
