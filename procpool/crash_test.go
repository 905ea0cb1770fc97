//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
	"github.com/asyncio-go/asyncio/procpool/internal/cfault"
)

// crashes are the ways in which a worker dies, and the expected fields of the WorkerCrash.
var crashes = map[string]struct {
	die    func()
	reason string
	code   int
	signal syscall.Signal
	stack  string // a part of Stack
}{
	"exit 0":       {die: func() { os.Exit(0) }, reason: "exit code 0"},
	"exit 7":       {die: func() { os.Exit(7) }, reason: "exit code 7", code: 7},
	"exit 2":       {die: func() { os.Exit(2) }, reason: "exit code 2", code: 2},
	"SIGKILL":      {die: func() { raise(syscall.SIGKILL) }, reason: "killed by signal 9 (killed)", code: -1, signal: syscall.SIGKILL},
	"SIGTERM":      {die: func() { raise(syscall.SIGTERM) }, reason: "killed by signal 15 (terminated)", code: -1, signal: syscall.SIGTERM},
	"SIGHUP":       {die: func() { raise(syscall.SIGHUP) }, reason: "killed by signal 1 (hangup)", code: -1, signal: syscall.SIGHUP},
	"SIGSEGV":      {die: segfault, reason: "segmentation violation", code: 2, stack: "goroutine "},
	"SIGSEGV in C": {die: cfault.Fault, reason: "segmentation violation", code: 2, stack: "goroutine "},
	"bad fault":    {die: touchUnmapped, reason: "segmentation violation", code: 2, stack: "touchUnmapped"},
	"stack overflow": {die: func() { debug.SetMaxStack(1 << 20); overflow(0) }, reason: "stack overflow", code: 2,
		stack: "overflow"},
	"long trace": {die: func() { park(3000); debug.SetMaxStack(1 << 20); overflow(0) }, reason: "stack overflow", code: 2,
		stack: "overflow"},
	"map write": {die: writeTogether, reason: "concurrent map write", code: 2, stack: "writeTogether"},
	"panic": {die: func() { go panic("in the background") }, code: 2, stack: "goroutine ",
		reason: "panic in a goroutine that the function started: in the background"},
	"nil pointer": {die: func() { go func() { fmt.Println(nilOrder().Gate) }() }, code: 2, stack: "goroutine ",
		reason: "panic in a goroutine that the function started: runtime error: invalid memory address"},
	"exit 1, and looks like a panic": {die: func() { fmt.Fprintln(os.Stderr, "panic: not really"); os.Exit(1) }, reason: "exit code 1", code: 1},
	"close":                          {die: func() { syscall.Close(channelDescriptor(syscall.O_WRONLY)) }, reason: "the worker closed its channel to the pool", code: -1, signal: syscall.SIGKILL},
	"garbage":                        {die: garbage, reason: "invalid data on the worker's channel", code: -1, signal: syscall.SIGKILL},
}

var crash = asyncio.Register("procpool.test.crash", func(_ context.Context, how string) (int, error) {
	fmt.Fprintln(os.Stderr, "about to die by", how)
	dies[how]()
	select {}
})

// dies avoids an initialization cycle between crashes and crash.
var dies = map[string]func(){}

func init() {
	for how, c := range crashes {
		dies[how] = c.die
	}
	dies["out of memory"] = fillMemory
}

//go:noinline
func nilOrder() *order { return nil }

func raise(s syscall.Signal) { syscall.Kill(os.Getpid(), s) }

// segfault sends SIGSEGV to the current thread. If it is sent to the process, a thread that is
// starting or ending may receive it, and the process dies without a message of the runtime.
func segfault() {
	runtime.LockOSThread()
	unix.Tgkill(os.Getpid(), unix.Gettid(), syscall.SIGSEGV)
}

// touchUnmapped writes to unmapped memory.
func touchUnmapped() {
	b, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil || syscall.Munmap(b) != nil {
		os.Exit(99)
	}
	b[0] = 1
}

func overflow(n int) {
	if busy = n; n >= 0 {
		overflow(n + 1)
	}
	busy--
}

// park starts n goroutines that block.
func park(n int) {
	var parked sync.WaitGroup
	for range n {
		parked.Add(1)
		go func() {
			parked.Done()
			select {}
		}()
	}
	parked.Wait()
}

func writeTogether() {
	m := map[int]int{}
	for range 4 {
		go func() {
			for i := 0; ; i++ {
				m[i%8] = i
			}
		}()
	}
}

func fillMemory() {
	var kept [][]byte
	for {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		kept = append(kept, b)
		runtime.KeepAlive(kept)
	}
}

// channelDescriptor returns the descriptor of a pipe of the worker's channel: the one with that
// access mode, except standard output and standard error.
func channelDescriptor(access int) int {
	for fd := 3; fd < 100; fd++ {
		name, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
		if strings.HasPrefix(name, "pipe:") && int(flags)&syscall.O_ACCMODE == access {
			return fd
		}
	}
	return -1
}

func garbage() {
	syscall.Write(channelDescriptor(syscall.O_WRONLY), []byte(strings.Repeat("this is not what a worker says ", 10)))
}

// TestCrashes: if a worker dies, only its call fails. Another function is running, and others are
// queued.
func TestCrashes(t *testing.T) {
	for how, want := range crashes {
		t.Run(how, func(t *testing.T) {
			if want.signal != 0 && signal.Ignored(want.signal) {
				if os.Getenv("CI") != "" {
					t.Fatalf("this process was started with %v ignored", want.signal)
				}
				t.Skipf("this process was started with %v ignored, and so are its workers", want.signal)
			}
			g := newGate(t)
			onPool(t, procpool.Options{Workers: 2}, func(ctx context.Context, pool *procpool.Pool) {
				beside := begin(ctx, t, pool, order{Gate: g.path})
				crashing := crash.Submit(ctx, pool, how)
				var others []*asyncio.Task[int]
				for i := range 3 {
					others = append(others, square.Submit(ctx, pool, i))
				}
				_, err := crashing.Await(ctx)
				var c *procpool.WorkerCrash
				if !errors.As(err, &c) {
					t.Errorf("error %v; want a *WorkerCrash", err)
				} else {
					if !strings.HasPrefix(c.Reason, want.reason) || c.ExitCode != want.code || c.Signal != want.signal {
						t.Errorf("reason %q, code %d, signal %d; want %q, %d, %d", c.Reason, c.ExitCode, int(c.Signal), want.reason, want.code, int(want.signal))
					}
					wantCrash(t, c, how)
					if want.stack == "" && c.Stack != "" || !strings.Contains(c.Stack, want.stack) {
						t.Errorf("the stack should contain %q: %s", want.stack, c.Stack)
					}
				}
				for i, other := range others {
					if n, err := other.Await(ctx); n != i*i || err != nil {
						t.Errorf("another call: %d, %v", n, err)
					}
				}
				g.open(t, 1)
				awaitReleased(ctx, t, beside)
				if s := pool.Stats(); s.Crashed != 1 || s.Completed != 4 || s.Started != 3 {
					t.Errorf("Crashed %d, Completed %d, Started %d; want 1, 4, 3", s.Crashed, s.Completed, s.Started)
				}
			})
		})
	}
}

// wantCrash checks the fields that every crash has.
func wantCrash(t *testing.T, c *procpool.WorkerCrash, how string) {
	t.Helper()
	if c.Func != "procpool.test.crash" || c.Call == "" || c.Pid <= 0 || c.MaxRSS < 1<<20 || !c.Lost() {
		t.Errorf("Func %q, Call %q, Pid %d, MaxRSS %d, Lost %v", c.Func, c.Call, c.Pid, c.MaxRSS, c.Lost())
	}
	if !strings.Contains(c.StderrTail, "about to die by "+how) && len(c.StderrTail) < 64<<10 {
		t.Errorf("the tail of stderr: %q", c.StderrTail)
	}
	for _, part := range []string{c.Func, fmt.Sprint(c.Pid), c.Reason} {
		if !strings.Contains(c.Error(), part) {
			t.Errorf("Error() does not contain %q: %s", part, c.Error())
		}
	}
}

// TestMemoryLimit runs out of memory several times, because the runtime detects it in different
// places.
func TestMemoryLimit(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1, MemoryLimit: 64 << 20}, func(ctx context.Context, pool *procpool.Pool) {
		for range 12 {
			_, err := crash.Call(ctx, pool, "out of memory")
			var c *procpool.WorkerCrash
			if !errors.As(err, &c) {
				t.Errorf("error %v; want a *WorkerCrash", err)
				return
			}
			if c.Reason != "out of memory (Options.MemoryLimit is 64 MiB)" || !c.OutOfMemory || c.ExitCode <= 0 || c.Stack == "" {
				t.Errorf("reason %q, code %d, stack %s", c.Reason, c.ExitCode, c.Stack)
			}
			wantCrash(t, c, "out of memory")
		}
		if n, err := square.Call(ctx, pool, 3); n != 9 || err != nil {
			t.Errorf("the next call: %d, %v", n, err)
		}
	})
}

// TestMemoryLimit_OtherCrashes: with a limit, a crash with free memory is not reported as out of
// memory.
func TestMemoryLimit_OtherCrashes(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1, MemoryLimit: 256 << 20}, func(ctx context.Context, pool *procpool.Pool) {
		for _, how := range []string{"SIGSEGV", "SIGSEGV in C", "bad fault", "nil pointer", "SIGKILL", "exit 2"} {
			_, err := crash.Call(ctx, pool, how)
			var c *procpool.WorkerCrash
			if !errors.As(err, &c) || c.OutOfMemory || !strings.HasPrefix(c.Reason, crashes[how].reason) {
				t.Errorf("%s: %v; want %q and OutOfMemory false", how, err, crashes[how].reason)
			}
		}
	})
}
