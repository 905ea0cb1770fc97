//go:build linux

package procpool_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// testTimeout bounds the waits of a test.
const testTimeout = 2 * time.Minute

// onPool runs body on a loop with a pool. Then it closes the pool and checks for leaks.
func onPool(t *testing.T, o procpool.Options, body func(ctx context.Context, pool *procpool.Pool)) {
	t.Helper()
	checkLeaks(t)
	pool := newPool(t, o)
	onLoop(t, func(ctx context.Context) {
		body(ctx, pool)
		if err := pool.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// newPool returns a pool that does not log the output of its workers unless the options have a
// Logger.
func newPool(t *testing.T, o procpool.Options) *procpool.Pool {
	t.Helper()
	if o.Logger == nil {
		o.Logger = silent
	}
	pool, err := procpool.New(withLongTimeouts(o))
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// withLongTimeouts sets timeouts for a slow machine, unless the options have them.
func withLongTimeouts(o procpool.Options) procpool.Options {
	o.StartTimeout = cmp.Or(o.StartTimeout, testTimeout)
	o.KillGrace = cmp.Or(o.KillGrace, testTimeout)
	return o
}

// onLoop runs body on a loop.
func onLoop(t *testing.T, body func(ctx context.Context)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	err := asyncio.Run(ctx, func(ctx context.Context) error {
		body(ctx)
		return ctx.Err()
	}, asyncio.WithErrorHandler(func(asyncio.Unhandled) {}), asyncio.WithLogger(silent))
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

// until suspends the task until the condition holds.
func until(ctx context.Context, t *testing.T, what string, holds func() bool) bool {
	t.Helper()
	for !holds() {
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			t.Errorf("waiting until %s: %v", what, err)
			return false
		}
	}
	return true
}

// waitFor blocks until the condition holds. It is for goroutines without a loop.
func waitFor(t *testing.T, what string, holds func() bool) bool {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(testTimeout); !holds(); <-tick.C {
		if time.Now().After(limit) {
			t.Errorf("timeout: waited until %s", what)
			return false
		}
	}
	return true
}

// checkLeaks fails the test if it leaves goroutines, descriptors or child processes.
func checkLeaks(t *testing.T) {
	t.Helper()
	warmUp()
	goroutines, files := goroutines(), descriptors()
	t.Cleanup(func() {
		waitFor(t, "no child process is left", func() bool {
			return errors.Is(unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil), syscall.ECHILD)
		})
		if !waitFor(t, "no goroutine is left", func() bool { return len(newGoroutines(goroutines)) == 0 }) {
			t.Log(strings.Join(newGoroutines(goroutines), "\n\n"))
		}
		if !waitFor(t, "no descriptor is left", func() bool { return descriptors() <= files }) {
			t.Logf("%d descriptors, %d before", descriptors(), files)
		}
	})
}

// warmUp makes the runtime create its own goroutines and descriptors.
var warmUp = sync.OnceFunc(func() {
	pool, err := procpool.New(withLongTimeouts(procpool.Options{Workers: 1}))
	if err != nil {
		panic(err)
	}
	err = asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := square.Call(ctx, pool, 1)
		return errors.Join(err, pool.Close(ctx))
	})
	if err != nil {
		panic(err)
	}
})

// goroutines returns the stacks of all goroutines by number.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	all := map[string]string{}
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if f := strings.Fields(stack); len(f) > 1 {
			all[f[1]] = stack
		}
	}
	return all
}

func newGoroutines(before map[string]string) (left []string) {
	for number, stack := range goroutines() {
		if before[number] == "" && !strings.Contains(stack, "os/signal.loop") { // the runtime does not end it
			left = append(left, stack)
		}
	}
	return left
}

func descriptors() int {
	files, _ := os.ReadDir("/proc/self/fd")
	return len(files)
}

// alive reports whether the process runs. A zombie does not.
func alive(pid int) bool {
	s := processState(pid)
	return s != "" && s != "Z" && s != "X"
}

// processState returns the state letter of ps, or an empty string.
func processState(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, after, _ := strings.Cut(string(b), ") ") // the name of the program may contain spaces
	return after[:1]
}

// A gate blocks functions in worker processes until it opens.
type gate struct {
	path string
	file *os.File
}

func newGate(t *testing.T) *gate {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gate")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &gate{path, f}
}

// open releases n functions, now or when they reach the gate.
func (g *gate) open(t *testing.T, n int) {
	t.Helper()
	if _, err := g.file.Write(make([]byte, n)); err != nil {
		t.Error(err)
	}
}

// passGate, in a worker, blocks until the gate opens or ctx is cancelled.
func passGate(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	defer context.AfterFunc(ctx, func() { f.Close() })()
	_, err = f.Read(make([]byte, 1))
	return err
}
