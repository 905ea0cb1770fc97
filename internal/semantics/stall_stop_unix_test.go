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
	"github.com/asyncio-go/asyncio/internal/stall"
)

const lateChild = "ASYNCIO_TEST_LATE_CHILD"

// A process that is stopped from outside is reported as one, whatever its loop does: it sleeps, runs steps, or both
// by turns.
func TestStall_AStopIsToldApart(t *testing.T) {
	if does := os.Getenv(lateChild); does != "" {
		goOnUntilStopped(does)
		return
	}
	if !stall.ReadUsage().DelayKnown {
		t.Skip("this system does not count how long threads are queued, so no stop is proven")
	}
	for _, does := range []string{"sleeps", "runs", "both"} {
		t.Run(does, func(t *testing.T) { stopped(t, does) })
	}
}

func stopped(t *testing.T, does string) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestStall_AStopIsToldApart$", "-test.count=1")
	cmd.Env = append(os.Environ(), lateChild+"="+does)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("begun\n"))); err != nil {
		t.Fatal(err)
	}
	text := make(chan string)
	go func() {
		all, _ := io.ReadAll(out)
		text <- string(all)
	}()
	var said string
	for said == "" { // other processes may have had the processors, too
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
	for _, want := range []string{"suspended by", "stood still", "nothing in the program"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in: %s", want, said)
		}
	}
}

// goOnUntilStopped sleeps a little at a time, or runs short steps, until the watch reports a stop.
func goOnUntilStopped(does string) {
	ctx, cancel := context.WithCancel(context.Background())
	asyncio.Run(ctx, func(ctx context.Context) error {
		fmt.Println("begun")
		rest := stallThreshold / 4
		switch does {
		case "runs":
			rest = 0
		case "both":
			rest = time.Millisecond
		}
		for asyncio.Sleep(ctx, rest) == nil {
			if does != "sleeps" {
				crumb()
			}
		}
		return nil
	}, asyncio.WithLogger(quiet), asyncio.WithStallThreshold(stallThreshold), asyncio.WithStallHandler(func(s asyncio.Stall) {
		if s.Class == asyncio.StallSuspended {
			fmt.Printf("%v by %q: %s; %s\n", s.Class, s.TaskName, s.Blame, s.Advice)
			cancel()
		}
	}))
}
