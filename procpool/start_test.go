//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

func init() {
	beforeMain["never calls Main"] = func() { time.Sleep(time.Hour) }
	beforeMain["exits before Main"] = func() { fmt.Fprintln(os.Stderr, "no licence found"); os.Exit(5) }
	if os.Getenv(workerMode) == "registers more" {
		asyncio.Register("procpool.test.more", func(_ context.Context, n int) (int, error) { return n, nil })
	}
	beforeMain["panics before Main"] = func() { panic("no licence found") }
}

func failingInit(context.Context) error   { return errors.New("the model is missing") }
func panickingInit(context.Context) error { panic("the model is broken") }
func exitingInit(context.Context) error   { os.Exit(9); return nil }
func slowInit(context.Context) error      { select {} }
func ctxInit(ctx context.Context) error {
	<-ctx.Done()
	return fmt.Errorf("the model was put away: %w", ctx.Err())
}

// TestStartFailures: if no worker can be started, each waiting call returns a StartError with the
// cause. The next call tries again.
func TestStartFailures(t *testing.T) {
	mode := func(name string) []string { return []string{workerMode + "=" + name} }
	for name, c := range map[string]struct {
		options procpool.Options
		text    []string
		tail    string
	}{
		"no directory":    {procpool.Options{Dir: "/nowhere/at/all"}, []string{"/nowhere/at/all", "no such file or directory"}, ""},
		"no Main":         {procpool.Options{Env: mode("never calls Main"), StartTimeout: 50 * time.Millisecond}, []string{"procpool.Main", "call procpool.Main first in main", "50ms"}, ""},
		"exit":            {procpool.Options{Env: mode("exits before Main")}, []string{"exit code 5", "it printed: no licence found"}, "no licence found\n"},
		"panic":           {procpool.Options{Env: mode("panics before Main")}, []string{"panic: no licence found"}, "no licence found"},
		"other functions": {procpool.Options{Env: mode("registers more")}, []string{"another build", "register the same functions"}, ""},
		"Init fails":      {procpool.Options{Init: failingInit}, []string{"Options.Init: the model is missing"}, "the model is missing"},
		"Init panics":     {procpool.Options{Init: panickingInit}, []string{"the model is broken"}, "panickingInit"},
		"Init exits":      {procpool.Options{Init: exitingInit}, []string{"exit code 9"}, ""},
		"Init too slow":   {procpool.Options{Init: slowInit, StartTimeout: 50 * time.Millisecond}, []string{"Options.Init", "50ms"}, ""},
		"literal": {procpool.Options{Init: literalInit},
			[]string{"Options.Init: literal failure"}, ""},
		"Init too large": {procpool.Options{MemoryLimit: 64 << 20, Init: largeInit},
			[]string{"out of memory (Options.MemoryLimit is 64 MiB)"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Workers = 4
			onPool(t, c.options, func(ctx context.Context, pool *procpool.Pool) {
				var calls []*asyncio.Task[int]
				for i := range 6 {
					calls = append(calls, square.Submit(ctx, pool, i))
				}
				for i, call := range calls {
					_, err := call.Await(ctx)
					var failed *procpool.StartError
					if !errors.As(err, &failed) {
						t.Errorf("call %d: error %v; want a *StartError", i, err)
						continue
					}
					for _, text := range c.text {
						if !strings.Contains(err.Error(), text) {
							t.Errorf("call %d: the error does not contain %q: %v", i, text, err)
						}
					}
					if failed.Attempts != 3 || !strings.Contains(failed.StderrTail, c.tail) {
						t.Errorf("call %d: %d attempts, stderr %q", i, failed.Attempts, failed.StderrTail)
					}
				}
				if _, err := square.Call(ctx, pool, 1); !errors.As(err, new(*procpool.StartError)) {
					t.Errorf("the next call: error %v; want a *StartError", err)
				}
				until(ctx, t, "no worker is left", func() bool { return len(pool.Stats().Workers) == 0 }) // one may still be starting
				if n := pool.Stats().Failed; n != 7 {
					t.Errorf("Failed %d; want 7", n)
				}
			})
		})
	}
}

// late is registered after Main, so workers do not have it.
var late = sync.OnceValue(func() *asyncio.Func[int, int] {
	return asyncio.Register("procpool.test.late", func(_ context.Context, n int) (int, error) { return n, nil })
})

// TestRegisterAfterMain: a call of a function that was registered after Main fails, and names the
// cause.
func TestRegisterAfterMain(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		_, called := late().Call(ctx, pool, 1)
		_, submitted := late().Submit(ctx, pool, 1).Await(ctx)
		errs := []error{called, submitted}
		for _, err := range late().Map(ctx, pool, slices.Values([]int{1, 2, 3}), asyncio.ChunkSize(2)) {
			errs = append(errs, err)
		}
		_, file, line, _ := runtime.Caller(0)
		for i, err := range errs {
			for _, text := range []string{`"procpool.test.late"`, fmt.Sprintf("Register was called at %s:%d, after procpool.Main", file, line-13), "package-level variable"} {
				if !errors.Is(err, asyncio.ErrNotRegistered) || !strings.Contains(err.Error(), text) {
					t.Errorf("%d: error %v; want ErrNotRegistered with %q", i, err, text)
				}
			}
		}
		if n, err := square.Call(ctx, pool, 3); n != 9 || err != nil {
			t.Errorf("the next call: %d, %v", n, err)
		}
	})
}

var makesPool = asyncio.Register("procpool.test.makesPool", func(context.Context, struct{}) (string, error) {
	_, err := procpool.New(procpool.Options{})
	return fmt.Sprint(err, errors.Is(err, procpool.ErrNoMain)), nil
})

func TestNew_InAWorker(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		if text, err := makesPool.Call(ctx, pool, struct{}{}); !strings.Contains(text, "a worker process cannot have a pool") || !strings.HasSuffix(text, "false") || err != nil {
			t.Errorf("%s, %v", text, err)
		}
	})
}

// TestInit_CtxEndsBeforeTheKill: the ctx of Init ends before the worker is killed. A slow machine
// may kill a worker earlier; the test then repeats with a longer timeout.
func TestInit_CtxEndsBeforeTheKill(t *testing.T) {
	const want = "Options.Init: the model was put away: context deadline exceeded\n"
	for timeout := 600 * time.Millisecond; !t.Failed(); timeout *= 2 {
		var log sink
		onPool(t, procpool.Options{Workers: 1, Init: ctxInit, StartTimeout: timeout, Stderr: &log}, func(ctx context.Context, pool *procpool.Pool) {
			if _, err := square.Call(ctx, pool, 1); !errors.As(err, new(*procpool.StartError)) {
				t.Errorf("error %v; want a *StartError", err)
			}
		})
		if strings.Contains(log.String(), want) { // printed by one of three workers
			return
		}
		if timeout > testTimeout/8 {
			t.Errorf("with %v to start, the workers printed %q; want %q", timeout, &log, want)
		}
	}
}

// TestCancelBetweenStarts cancels a call while its slot backs off.
func TestCancelBetweenStarts(t *testing.T) {
	onPool(t, procpool.Options{Workers: 2, Dir: "/nowhere/at/all"}, func(ctx context.Context, pool *procpool.Pool) {
		for range 20 {
			started := pool.Stats().Started
			call := square.Submit(ctx, pool, 1)
			until(ctx, t, "a start was tried", func() bool {
				return pool.Stats().Started > started || !errors.Is(call.Err(), asyncio.ErrNotDone)
			})
			call.Cancel(nil)
			if _, err := call.Await(ctx); !errors.Is(err, context.Canceled) && !errors.As(err, new(*procpool.StartError)) {
				t.Errorf("error %v", err)
			}
		}
		if _, err := square.Call(ctx, pool, 1); !errors.As(err, new(*procpool.StartError)) {
			t.Errorf("the next call: error %v; want a *StartError", err)
		}
	})
}

// TestStartFailure_NextCallTriesAgain: after a StartError the next call starts a worker, once the
// cause is removed.
func TestStartFailure_NextCallTriesAgain(t *testing.T) {
	dir := t.TempDir() + "/later"
	onPool(t, procpool.Options{Workers: 2, Dir: dir}, func(ctx context.Context, pool *procpool.Pool) {
		if _, err := square.Call(ctx, pool, 1); !errors.As(err, new(*procpool.StartError)) {
			t.Errorf("error %v; want a *StartError", err)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Error(err)
		}
		if n, err := square.Call(ctx, pool, 3); n != 9 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// TestStartFailure_OtherWorkersRunTheCalls: if another worker cannot be started, the existing ones
// run the calls.
func TestStartFailure_OtherWorkersRunTheCalls(t *testing.T) {
	dir := t.TempDir() + "/soon gone"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	g := newGate(t)
	onPool(t, procpool.Options{Workers: 3, Dir: dir}, func(ctx context.Context, pool *procpool.Pool) {
		up := begin(ctx, t, pool, order{Gate: g.path})
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
		var calls []*asyncio.Task[int]
		for i := range 5 {
			calls = append(calls, square.Submit(ctx, pool, i))
		}
		until(ctx, t, "starts have failed", func() bool { return pool.Stats().Started > 8 })
		g.open(t, 1)
		awaitReleased(ctx, t, up)
		for i, call := range calls {
			if n, err := call.Await(ctx); n != i*i || err != nil {
				t.Errorf("call %d: %d, %v", i, n, err)
			}
		}
		for _, w := range pool.Stats().Workers {
			if err := syscall.Kill(w.Pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
		until(ctx, t, "the last worker is gone", func() bool { return len(pool.Stats().Workers) == 0 })
		if _, err := square.Call(ctx, pool, 1); !errors.As(err, new(*procpool.StartError)) {
			t.Errorf("error %v; want a *StartError", err)
		}
	})
}

// TestStartFailure_WaitsForAStartingWorker: if the system creates no process, calls wait for a
// worker that is starting.
func TestStartFailure_WaitsForAStartingWorker(t *testing.T) {
	dir := t.TempDir() + "/soon gone"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	g := newGate(t)
	o := procpool.Options{Workers: 3, Dir: dir, Env: []string{gateEnv + "=" + g.path}, Init: gatedInit}
	onPool(t, o, func(ctx context.Context, pool *procpool.Pool) {
		calls := []*asyncio.Task[int]{square.Submit(ctx, pool, 0)}
		until(ctx, t, "a worker is starting", func() bool { return len(pool.Stats().Workers) == 1 })
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
		for i := range 4 {
			calls = append(calls, square.Submit(ctx, pool, i+1))
		}
		until(ctx, t, "starts have failed", func() bool { return pool.Stats().Started > 8 })
		g.open(t, 1)
		for i, call := range calls {
			if n, err := call.Await(ctx); n != i*i || err != nil {
				t.Errorf("call %d: %d, %v", i, n, err)
			}
		}
	})
}

func gatedInit(ctx context.Context) error { return passGate(ctx, os.Getenv(gateEnv)) }

var initialised = "nothing"

func goodInit(context.Context) error { initialised = "by goodInit"; return nil }

var returnsInit = asyncio.Register("procpool.test.returnsInit", func(context.Context, struct{}) (string, error) { return initialised, nil })

func TestInit(t *testing.T) {
	for want, init := range map[string]func(context.Context) error{
		"by goodInit":  goodInit,
		"by a literal": otherInit,
		"nothing":      nil,
	} {
		t.Run(want, func(t *testing.T) {
			onPool(t, procpool.Options{Workers: 1, TasksPerWorker: 1, Init: init}, func(ctx context.Context, pool *procpool.Pool) {
				for range 2 { // in each worker
					if got, err := returnsInit.Call(ctx, pool, struct{}{}); got != want || err != nil {
						t.Errorf("initialised %s, %v", got, err)
					}
				}
			})
		})
	}
}
