//go:build unix

package semantics_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

const lateChild = "ASYNCIO_TEST_LATE_CHILD"

// A process that is stopped while its loop sleeps is told of timers that were late, and of no step.
func TestStall_ALateTimerIsToldApart(t *testing.T) {
	if os.Getenv(lateChild) != "" {
		sleepUntilLate()
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestStall_ALateTimerIsToldApart$", "-test.count=1")
	cmd.Env = append(os.Environ(), lateChild+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("asleep\n"))); err != nil {
		t.Fatal(err)
	}
	text := make(chan string)
	go func() {
		all, _ := io.ReadAll(out)
		text <- string(all)
	}()
	var said string
	for said == "" { // it may not have slept when it was stopped
		cmd.Process.Signal(syscall.SIGSTOP)
		time.Sleep(4 * stallThreshold)
		cmd.Process.Signal(syscall.SIGCONT)
		select {
		case said = <-text:
		case <-time.After(2 * stallThreshold):
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"late-timer by", "woken late", "nothing in the program"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in: %s", want, said)
		}
	}
}

// sleepUntilLate sleeps a little at a time until timers were late.
func sleepUntilLate() {
	ctx, cancel := context.WithCancel(context.Background())
	asyncio.Run(ctx, func(ctx context.Context) error {
		fmt.Println("asleep")
		for asyncio.Sleep(ctx, stallThreshold/4) == nil {
		}
		return nil
	}, asyncio.WithLogger(quiet), asyncio.WithStallThreshold(stallThreshold), asyncio.WithStallHandler(func(s asyncio.Stall) {
		if s.Class == asyncio.StallLateTimer {
			fmt.Printf("%v by %q: %s; %s\n", s.Class, s.TaskName, s.Blame, s.Advice)
			cancel()
		}
	}))
}
