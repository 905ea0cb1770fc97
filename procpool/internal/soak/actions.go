//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// A request is the argument of the soak's function.
type request struct {
	Number uint64 // unique
	Action string
	Rounds int // of hashing before the action
	Data   []byte
}

// An answer is the result of the function.
type answer struct {
	Number uint64
	Data   []byte // the data of the request, each byte inverted
	Sum    [sha256.Size]byte
}

var work = asyncio.Register("soak.work", func(ctx context.Context, o request) (answer, error) {
	if err := note(o.Number); err != nil {
		return answer{}, err
	}
	sum := sha256.Sum256(o.Data)
	for range o.Rounds {
		sum = sha256.Sum256(sum[:])
	}
	if err := actionNamed(o.Action).do(ctx); err != nil {
		return answer{}, err
	}
	return answer{o.Number, invert(o.Data), sha256.Sum256(o.Data)}, nil
})

// check returns an error if the answer does not match the request.
func (a answer) check(o request) error {
	switch {
	case a.Number != o.Number:
		return fmt.Errorf("it has the result of call %d", a.Number)
	case a.Sum != sha256.Sum256(o.Data):
		return errors.New("the argument did not arrive whole")
	case !bytes.Equal(a.Data, invert(o.Data)):
		return errors.New("the result did not arrive whole")
	}
	return nil
}

func invert(b []byte) []byte {
	inverted := make([]byte, len(b))
	for i, x := range b {
		inverted[i] = ^x
	}
	return inverted
}

// An action is what the function does after hashing.
type action struct {
	name   string
	weight int // the relative frequency
	want   outcome
	do     func(ctx context.Context) error
	// crashed reports whether the action explains the crash.
	crashed func(*procpool.WorkerCrash) bool
}

var errRefused = asyncio.RegisterError("soak.refused", errors.New("refused"))

var actions = []action{
	{"answer", 720, result, func(context.Context) error { return nil }, nil},
	{"refuse", 60, failure, func(context.Context) error { return errRefused }, nil},
	{"panic", 30, panicked, func(context.Context) error { panic("as requested") }, nil},
	{"heed ctx", 40, ended, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, nil},
	{"ignore ctx", 30, ended, func(context.Context) error { spin(); return nil }, nil},
	{"exit", 30, crash, func(context.Context) error { os.Exit(3); return nil }, exited(3)},
	{"kill itself", 20, crash, func(context.Context) error { return hang(syscall.Kill(os.Getpid(), syscall.SIGTERM)) }, signalled(syscall.SIGTERM)},
	{"panic elsewhere", 20, crash, func(context.Context) error { go panic("elsewhere"); return hang(nil) }, says("elsewhere")},
	{"overflow its stack", 20, crash, func(context.Context) error { debug.SetMaxStack(4 << 20); return fmt.Errorf("%d", exceedStack(1)) }, says("stack overflow")},
	{"overrun its memory", memoryWeight, crash, func(context.Context) error {
		return fmt.Errorf("%d bytes did not exceed the limit", len(exceedMemory()))
	}, says("out of memory")},
	{"leave a child", 20, crash, func(context.Context) error {
		err := exec.Command("sleep", "3600").Start()
		if err == nil {
			os.Exit(4)
		}
		return err
	}, exited(4)},
	{"write garbage", 20, crash, func(context.Context) error {
		_, err := syscall.Write(channel(), []byte("this line is not a frame of the wire protocol\n"))
		return hang(err)
	}, says("invalid data")},
	{"close the channel", 1, crash, func(context.Context) error { return hang(syscall.Close(channel())) }, closedChannel},
}

func actionNamed(name string) action {
	for _, d := range actions {
		if d.name == name {
			return d
		}
	}
	panic("no such action: " + strconv.Quote(name))
}

func exited(code int) func(*procpool.WorkerCrash) bool {
	return func(c *procpool.WorkerCrash) bool { return c.ExitCode == code }
}

func signalled(s syscall.Signal) func(*procpool.WorkerCrash) bool {
	return func(c *procpool.WorkerCrash) bool { return c.Signal == s }
}

func says(text string) func(*procpool.WorkerCrash) bool {
	return func(c *procpool.WorkerCrash) bool { return strings.Contains(c.Reason, text) }
}

// closedChannel accepts two crashes. The worker may take the closed channel for the end of the
// pool, and kill itself before the pool has noticed.
func closedChannel(c *procpool.WorkerCrash) bool {
	return c.Signal == syscall.SIGKILL || strings.Contains(c.Reason, "channel")
}

// hang returns err. If err is nil it does not return.
func hang(err error) error {
	if err == nil {
		spin()
	}
	return err
}

func spin() {
	for i := 0; ; i++ {
		_ = i
	}
}

// exceedStack overflows the stack.
func exceedStack(n int) int {
	if n == 0 {
		return 0
	}
	return exceedStack(n+1) + 1
}

// exceedMemory allocates more memory than the limit allows.
func exceedMemory() []byte {
	var all []byte
	for len(all) < 4*memoryLimit {
		all = append(all, bytes.Repeat([]byte{1}, 1<<20)...)
	}
	return all
}

// channel returns the descriptor of the pipe from the worker to the pool.
func channel() int {
	for fd := 3; fd < 100; fd++ {
		to, _ := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
		flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
		if strings.HasPrefix(to, "pipe:") && flags&syscall.O_ACCMODE == syscall.O_WRONLY {
			return fd
		}
	}
	return -1
}
