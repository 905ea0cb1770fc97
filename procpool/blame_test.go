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

// TestKilledFromOutside kills a worker in the middle of its call.
func TestKilledFromOutside(t *testing.T) {
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

// readNothing replaces the worker's end of the channel by a pipe to which nothing is written. A read
// that has begun still returns data of the channel.
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

// muteEnv is the environment variable with the path of a file that the first worker creates.
const muteEnv = "PROCPOOL_TEST_MUTE"

// muteInit makes the first worker read nothing. That worker stays alive and begins no call.
func muteInit(context.Context) error {
	f, err := os.OpenFile(os.Getenv(muteEnv), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil // not the first worker
	}
	f.Close()
	return readNothing()
}

func firstIsMute(t *testing.T) procpool.Options {
	return procpool.Options{Workers: 1, Init: muteInit, Env: []string{muteEnv + "=" + filepath.Join(t.TempDir(), "mute")}}
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

// TestDeathBeforeTheBeginning kills a worker that has been given a call and has not
// begun: the call runs in another one.
func TestDeathBeforeTheBeginning(t *testing.T) {
	onPool(t, firstIsMute(t), func(ctx context.Context, pool *procpool.Pool) {
		call := process.Submit(ctx, pool, struct{}{})
		pid := untilBusy(ctx, t, pool)
		syscall.Kill(pid, syscall.SIGKILL)
		if other, err := call.Await(ctx); err != nil || other == pid {
			t.Errorf("process %d, %v; expected: another than %d", other, err, pid)
		}
		if s := pool.Stats(); s.Crashed != 0 || s.Completed != 1 || s.Started != 2 {
			t.Errorf("Crashed %d, Completed %d, Started %d; want 0, 1, 2", s.Crashed, s.Completed, s.Started)
		}
	})
}

// TestDeathOfACancelledCall: nobody waits for it, so that it does not run elsewhere.
func TestDeathOfACancelledCall(t *testing.T) {
	g := newGate(t)
	onPool(t, firstIsMute(t), func(ctx context.Context, pool *procpool.Pool) {
		call := holds.Submit(ctx, pool, order{Gate: g.path})
		pid := untilBusy(ctx, t, pool)
		call.Cancel(errors.New("changed my mind"))
		if err := asyncio.Sleep(ctx, 0); err != nil {
			t.Error(err)
		}
		syscall.Kill(pid, syscall.SIGKILL)
		if _, err := call.Await(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, context.Canceled is expected", err)
		}
		if s := pool.Stats(); s.Crashed != 0 || s.Cancelled != 1 || s.Completed != 0 {
			t.Errorf("Crashed %d, Cancelled %d, Completed %d; want 0, 1, 0", s.Crashed, s.Cancelled, s.Completed)
		}
	})
}

// deafInit has the worker read the end of its channel after its hello.
func deafInit(context.Context) error {
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer nothing.Close()
	return syscall.Dup3(int(nothing.Fd()), channelDescriptor(syscall.O_RDONLY), 0)
}

// TestDeathAgainAndAgain: a call under which workers die before they say that they
// have begun it is blamed in the end, and the pool does not start workers for ever.
func TestDeathAgainAndAgain(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1, Init: deafInit}, func(ctx context.Context, pool *procpool.Pool) {
		_, err := square.Call(ctx, pool, 1)
		var c *procpool.WorkerCrash
		if !errors.As(err, &c) || !strings.HasPrefix(c.Reason, "3 workers in a row died before they had begun it: ") {
			t.Errorf("error %v", err)
		}
		spawnMany(ctx, t)
		if n := pool.Stats().Started; n > 4 { // three for the call, and one to be ready for the next
			t.Errorf("%d workers were started", n)
		}
	})
}

// spawnMany takes as long as it takes to start a few workers, one after the other.
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

// TestDeathWhileIdle: an idle worker that is killed is replaced, and no call notices.
func TestDeathWhileIdle(t *testing.T) {
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
			t.Errorf("Started %d, Crashed %d; expected: 4, 0", s.Started, s.Crashed)
		}
	})
}

// TestPanic: a panic of the function itself is its error, with the stack from there,
// and the worker is replaced.
func TestPanic(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		before, err := process.Call(ctx, pool, struct{}{})
		if err != nil {
			t.Error(err)
		}
		_, err = panics.Call(ctx, pool, "now")
		var p *asyncio.PanicError
		if !errors.As(err, &p) || p.Value != "as asked for: now" || !strings.Contains(string(p.Stack), "procpool_test.explode(") {
			t.Errorf("error %v, a *PanicError with the stack of explode is expected", err)
		}
		after, err := process.Call(ctx, pool, struct{}{})
		if err != nil || after == before {
			t.Errorf("process %d, %v; expected: another than %d", after, err, before)
		}
		if s := pool.Stats(); s.Crashed != 0 || s.Failed != 1 || s.Started != 2 {
			t.Errorf("Crashed %d, Failed %d, Started %d; expected: 0, 1, 2", s.Crashed, s.Failed, s.Started)
		}
	})
}

// TestGoexit: the function ends its goroutine; the worker goes on.
func TestGoexit(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		for range 3 {
			if _, err := panics.Call(ctx, pool, "Goexit"); err == nil || !strings.Contains(err.Error(), "runtime.Goexit") {
				t.Errorf("error %v, one that names runtime.Goexit is expected", err)
			}
			if n, err := square.Call(ctx, pool, 5); n != 25 || err != nil {
				t.Errorf("the next call: %d, %v", n, err)
			}
		}
		if n := pool.Stats().Started; n != 1 {
			t.Errorf("%d workers were started, 1 is expected", n)
		}
	})
}

// TestMapCrash: of elements that travel together only the guilty one is lost.
func TestMapCrash(t *testing.T) {
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
			t.Errorf("%d results, 20 are expected", i)
		}
	})
}
