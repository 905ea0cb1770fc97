//go:build unix

package semantics_test

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// signalAndRead sends the process a signal, again after each dump, and returns what was
// printed when the last dump has all that is wanted.
func signalAndRead(t *testing.T, sig syscall.Signal, printed func() string, want ...string) string {
	t.Helper()
	for sent := strings.Count(printed(), "asyncio: signal"); ; {
		text := printed()
		dumps := strings.Split(text, "asyncio: signal")[1:]
		missing := len(dumps) == 0
		for _, w := range want {
			missing = missing || !strings.Contains(dumps[len(dumps)-1], w)
		}
		if !missing {
			return dumps[len(dumps)-1]
		}
		if len(dumps) > sent {
			t.Errorf("%d dumps of %d signals:\n%s", len(dumps), sent, text)
			return text
		}
		if len(dumps) == sent {
			if err := syscall.Kill(syscall.Getpid(), sig); err != nil {
				t.Fatal(err)
			}
			sent++
		}
		runtime.Gosched()
	}
}

// While a task blocks the loop, the signal shows it, and who awaits whom.
func TestDumpOnSignalWhileTheLoopIsBlocked(t *testing.T) {
	printed := captureStderr(t)
	stop := asyncio.DumpOnSignal(syscall.SIGUSR1)
	again := asyncio.DumpOnSignal(syscall.SIGUSR1)
	defer stop()
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		never := asyncio.NewFuture[int](ctx)
		first := asyncio.Go(ctx, func(ctx context.Context) error { _, err := never.Await(ctx); return err }, asyncio.Name("first"))
		asyncio.Go(ctx, func(ctx context.Context) error { _, err := first.Await(ctx); return err }, asyncio.Name("second"))
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
		asyncio.Go(ctx, forever, asyncio.Name("fresh"))
		text := signalAndRead(t, syscall.SIGUSR1, printed, `"second" awaits #`, "  stall ")
		for name, want := range map[string]string{"main": "running at", "first": "waits (await) at", "second": `awaits #2 "first" at`, "fresh": "not started"} {
			expectLine(t, text, name, 2, want)
		}
		if !strings.Contains(text, `"blocked one": 4 task(s), blocked by task "main"`) || !strings.Contains(text, `"user defined signal 1"`) {
			t.Errorf("the loop and its state are not named:\n%s", text)
		}
		return nil
	}, asyncio.WithName("blocked one"), asyncio.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	again()
	again() // does not stop the other
	signalAndRead(t, syscall.SIGUSR1, printed, "0 event loop(s)")
}

func TestDumpOnSignalEnds(t *testing.T) {
	asyncio.DumpOnSignal(syscall.SIGUSR2)() // package os/signal keeps a goroutine from the first time on
	noGoroutinesLeft(t)
	captureStderr(t)
	stop := asyncio.DumpOnSignal(syscall.SIGUSR2)
	stop()
	stop()
	if v := panicOf(func() { asyncio.DumpOnSignal(nil) }); v == nil {
		t.Error("a nil signal is accepted")
	}
}
