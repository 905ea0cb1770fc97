//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

var panics = asyncio.Register("procpool.test.panics", explode)

//go:noinline
func explode(_ context.Context, how string) (int, error) {
	if how == "Goexit" {
		runtime.Goexit()
	}
	panic("as asked for: " + how)
}

// TestWorkerKilled_FailsItsCall kills a worker during its call.
func TestWorkerKilled_FailsItsCall(t *testing.T) {
	g := newGate(t)
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
				call := begin(ctx, t, pool, order{Gate: g.path, Child: true})
				next := process.Submit(ctx, pool, struct{}{})
				syscall.Kill(call.worker, signal)
				_, err := call.Await(ctx)
				var c *procpool.WorkerCrash
				if !errors.As(err, &c) || c.Signal != signal || c.ExitCode != -1 || c.Pid != call.worker || c.MaxRSS <= 0 || c.Func != "procpool.test.holds" {
					t.Errorf("error %v: %+v", err, c)
				}
				if pid, err := next.Await(ctx); pid == call.worker || err != nil {
					t.Errorf("the next call ran in process %d, %v", pid, err)
				}
				until(ctx, t, "the function's child is gone", func() bool { return !alive(call.child) })
			})
		})
	}
}

// readNothing replaces the worker's end of the channel by a pipe without a writer. A read that has
// begun still returns data of the channel.
func readNothing() error {
	fd := channelDescriptor(syscall.O_RDONLY)
	if _, err := syscall.Dup(fd); err != nil { // the pipe stays open
		return err
	}
	silent, _, err := os.Pipe()
	if err == nil {
		err = syscall.Dup3(int(silent.Fd()), fd, 0)
	}
	return err
}

// firstEnv is the environment variable with the path of a file that the first worker creates.
const firstEnv = "PROCPOOL_TEST_FIRST"

// firstReadsNothingInit makes the first worker read nothing. That worker stays alive and begins no
// call.
func firstReadsNothingInit(context.Context) error {
	f, err := os.OpenFile(os.Getenv(firstEnv), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil // not the first worker
	}
	f.Close()
	return readNothing()
}

func firstReadsNothing(t *testing.T) procpool.Options {
	return procpool.Options{Workers: 1, Init: firstReadsNothingInit, Env: []string{firstEnv + "=" + filepath.Join(t.TempDir(), "first")}}
}

// untilBusy waits until the pool's only worker has a call.
func untilBusy(ctx context.Context, t *testing.T, pool *procpool.Pool) (pid int) {
	t.Helper()
	until(ctx, t, "the worker has a call", func() bool {
		w := pool.Stats().Workers
		if len(w) == 1 && w[0].State == "busy" {
			pid = w[0].Pid
		}
		return pid != 0
	})
	return pid
}

// TestWorkerDeath_BeforeTheCallBegins: if a worker dies before it begins its call, the call runs in
// another worker.
func TestWorkerDeath_BeforeTheCallBegins(t *testing.T) {
	onPool(t, firstReadsNothing(t), func(ctx context.Context, pool *procpool.Pool) {
		call := process.Submit(ctx, pool, struct{}{})
		pid := untilBusy(ctx, t, pool)
		syscall.Kill(pid, syscall.SIGKILL)
		if other, err := call.Await(ctx); err != nil || other == pid {
			t.Errorf("process %d, %v; want another than %d", other, err, pid)
		}
		if s := pool.Stats(); s.Crashed != 0 || s.Completed != 1 || s.Started != 2 {
			t.Errorf("Crashed %d, Completed %d, Started %d; want 0, 1, 2", s.Crashed, s.Completed, s.Started)
		}
	})
}

// TestWorkerDeath_WithACancelledCall: a cancelled call is not repeated in another worker.
func TestWorkerDeath_WithACancelledCall(t *testing.T) {
	g := newGate(t)
	onPool(t, firstReadsNothing(t), func(ctx context.Context, pool *procpool.Pool) {
		call := holds.Submit(ctx, pool, order{Gate: g.path})
		pid := untilBusy(ctx, t, pool)
		call.Cancel(errors.New("changed my mind"))
		if err := asyncio.Sleep(ctx, 0); err != nil {
			t.Error(err)
		}
		syscall.Kill(pid, syscall.SIGKILL)
		if _, err := call.Await(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v; want context.Canceled", err)
		}
		if s := pool.Stats(); s.Crashed != 0 || s.Cancelled != 1 || s.Completed != 0 {
			t.Errorf("Crashed %d, Cancelled %d, Completed %d; want 0, 1, 0", s.Crashed, s.Cancelled, s.Completed)
		}
	})
}

// eofInit makes the worker read the end of its channel after its hello frame.
func eofInit(context.Context) error {
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer nothing.Close()
	return syscall.Dup3(int(nothing.Fd()), channelDescriptor(syscall.O_RDONLY), 0)
}

// TestWorkerDeath_RepeatedBeforeTheCallBegins: a call fails after three workers died before they
// began it. The pool then starts no more workers.
func TestWorkerDeath_RepeatedBeforeTheCallBegins(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1, Init: eofInit}, func(ctx context.Context, pool *procpool.Pool) {
		_, err := square.Call(ctx, pool, 1)
		var c *procpool.WorkerCrash
		if !errors.As(err, &c) || !strings.HasPrefix(c.Reason, "3 workers in a row died before they began the call: ") {
			t.Errorf("error %v", err)
		}
		spawnMany(ctx, t)
		if n := pool.Stats().Started; n > 4 { // three for the call, and one to be ready for the next call
			t.Errorf("%d workers were started", n)
		}
	})
}

// spawnMany starts ten workers, one after the other. It gives a faulty pool time to start too many.
func spawnMany(ctx context.Context, t *testing.T) {
	t.Helper()
	pool := newPool(t, procpool.Options{Workers: 1, TasksPerWorker: 1})
	for range 10 {
		if _, err := square.Call(ctx, pool, 1); err != nil {
			t.Error(err)
		}
	}
	if err := pool.Close(ctx); err != nil {
		t.Error(err)
	}
}

// TestWorkerDeath_WhileIdle: an idle worker that is killed is replaced, and no call fails.
func TestWorkerDeath_WhileIdle(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		for range 3 {
			pid, err := process.Call(ctx, pool, struct{}{})
			if err != nil {
				t.Error(err)
				return
			}
			syscall.Kill(pid, syscall.SIGKILL)
			until(ctx, t, "another worker waits", func() bool {
				w := pool.Stats().Workers
				return len(w) == 1 && w[0].Pid != pid && w[0].State == "idle"
			})
		}
		if s := pool.Stats(); s.Started != 4 || s.Crashed != 0 {
			t.Errorf("Started %d, Crashed %d; want 4, 0", s.Started, s.Crashed)
		}
	})
}

// TestPanic: a panic of the function is the error of its call, with the stack of the function. The
// worker is replaced.
func TestPanic(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		before, err := process.Call(ctx, pool, struct{}{})
		if err != nil {
			t.Error(err)
		}
		_, err = panics.Call(ctx, pool, "now")
		var p *asyncio.PanicError
		if !errors.As(err, &p) || p.Value != "as asked for: now" || !strings.Contains(string(p.Stack), "procpool_test.explode(") {
			t.Errorf("error %v; want a *PanicError with the stack of explode", err)
		}
		after, err := process.Call(ctx, pool, struct{}{})
		if err != nil || after == before {
			t.Errorf("process %d, %v; want another than %d", after, err, before)
		}
		if s := pool.Stats(); s.Crashed != 0 || s.Failed != 1 || s.Started != 2 {
			t.Errorf("Crashed %d, Failed %d, Started %d; want 0, 1, 2", s.Crashed, s.Failed, s.Started)
		}
	})
}

// TestGoexit: runtime.Goexit in a function is an error of its call. The worker stays.
func TestGoexit(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		for range 3 {
			if _, err := panics.Call(ctx, pool, "Goexit"); err == nil || !strings.Contains(err.Error(), "runtime.Goexit") {
				t.Errorf("error %v; want one that names runtime.Goexit", err)
			}
			if n, err := square.Call(ctx, pool, 5); n != 25 || err != nil {
				t.Errorf("the next call: %d, %v", n, err)
			}
		}
		if n := pool.Stats().Started; n != 1 {
			t.Errorf("%d workers were started; want 1", n)
		}
	})
}

// TestMap_LosesOnlyTheCrashingElement: if an element crashes the worker, the other elements of its
// chunk have results.
func TestMap_LosesOnlyTheCrashingElement(t *testing.T) {
	onPool(t, procpool.Options{Workers: 2}, func(ctx context.Context, pool *procpool.Pool) {
		args := func(yield func(int) bool) {
			for i := range 20 {
				if !yield(i) {
					return
				}
			}
		}
		i := 0
		for n, err := range exitsAt13.Map(ctx, pool, args, asyncio.ChunkSize(8)) {
			var c *procpool.WorkerCrash
			switch {
			case i == 13 && (!errors.As(err, &c) || c.ExitCode != 13):
				t.Errorf("element 13: %d, %v", n, err)
			case i != 13 && (n != i || err != nil):
				t.Errorf("element %d: %d, %v", i, n, err)
			}
			i++
		}
		if i != 20 {
			t.Errorf("%d results; want 20", i)
		}
	})
}
