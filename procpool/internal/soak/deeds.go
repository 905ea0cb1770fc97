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

// An order is the argument of the soak's function.
type order struct {
	Number uint64 // no other call has it
	Deed   string
	Rounds int // of work before the deed
	Data   []byte
}

// An answer is its result.
type answer struct {
	Number uint64
	Data   []byte // the order's, each byte inverted
	Sum    [sha256.Size]byte
}

var work = asyncio.Register("soak.work", func(ctx context.Context, o order) (answer, error) {
	if err := note(o.Number); err != nil {
		return answer{}, err
	}
	sum := sha256.Sum256(o.Data)
	for range o.Rounds {
		sum = sha256.Sum256(sum[:])
	}
	if err := deedNamed(o.Deed).do(ctx); err != nil {
		return answer{}, err
	}
	return answer{o.Number, invert(o.Data), sha256.Sum256(o.Data)}, nil
})

// check returns what is wrong with the answer.
func (a answer) check(o order) error {
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

// A deed is what the function does after its work.
type deed struct {
	name    string
	weight  int // how often it is chosen, in some thousand
	comesTo outcome
	do      func(ctx context.Context) error
	// crashed reports whether a crash is this deed's.
	crashed func(*procpool.WorkerCrash) bool
}

var errRefused = asyncio.RegisterError("soak.refused", errors.New("refused"))

var deeds = []deed{
	{"answer", 720, result, func(context.Context) error { return nil }, nil},
	{"refuse", 60, failure, func(context.Context) error { return errRefused }, nil},
	{"panic", 30, panicked, func(context.Context) error { panic("as ordered") }, nil},
	{"heed", 40, ended, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, nil},
	{"ignore", 30, ended, func(context.Context) error { spin(); return nil }, nil},
	{"exit", 30, crash, func(context.Context) error { os.Exit(3); return nil }, exited(3)},
	{"kill itself", 20, crash, func(context.Context) error { return hang(syscall.Kill(os.Getpid(), syscall.SIGTERM)) }, signalled(syscall.SIGTERM)},
	{"panic elsewhere", 20, crash, func(context.Context) error { go panic("elsewhere"); return hang(nil) }, says("elsewhere")},
	{"overflow its stack", 20, crash, func(context.Context) error { debug.SetMaxStack(4 << 20); return fmt.Errorf("%d", descend(1)) }, says("stack overflow")},
	{"overrun its memory", memoryBombs, crash, func(context.Context) error { return fmt.Errorf("%d bytes were no bomb", len(hoard())) }, says("out of memory")},
	{"leave a child", 20, crash, func(context.Context) error {
		err := exec.Command("sleep", "3600").Start()
		if err == nil {
			os.Exit(4)
		}
		return err
	}, exited(4)},
	{"write garbage", 20, crash, func(context.Context) error {
		_, err := syscall.Write(channel(), []byte("a line that was meant for somebody else\n"))
		return hang(err)
	}, says("garbage")},
	{"close the channel", 1, crash, func(context.Context) error { return hang(syscall.Close(channel())) }, closedChannel},
}

func deedNamed(name string) deed {
	for _, d := range deeds {
		if d.name == name {
			return d
		}
	}
	panic("no deed is called " + strconv.Quote(name))
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

// closedChannel: in the middle of a call a worker takes the end for the pool's, and
// may kill itself before the pool has seen it.
func closedChannel(c *procpool.WorkerCrash) bool {
	return c.Signal == syscall.SIGKILL || strings.Contains(c.Reason, "channel")
}

// hang waits for the end that comes from elsewhere, unless there was an error.
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

// descend needs more stack than there is.
func descend(n int) int {
	if n == 0 {
		return 0
	}
	return descend(n+1) + 1
}

// hoard keeps more memory than the limit allows.
func hoard() []byte {
	var all []byte
	for len(all) < 4*memoryLimit {
		all = append(all, bytes.Repeat([]byte{1}, 1<<20)...)
	}
	return all
}

// channel is the pipe into which the worker writes what it has to say to the pool.
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
