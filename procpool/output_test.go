//go:build linux

package procpool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// A sink collects what is written. Its methods may be called from any goroutine.
type sink struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// TestLoggedOutput: the output of a function is logged line by line while it runs, with the worker
// and the call.
func TestLoggedOutput(t *testing.T) {
	g := newGate(t)
	var log sink
	logger := slog.New(slog.NewTextHandler(&log, nil))
	onPool(t, procpool.Options{Workers: 1, Logger: logger}, func(ctx context.Context, pool *procpool.Pool) {
		call := prints.Submit(ctx, pool, output{Out: "one\ntwo\r\n\nunfinished", Err: "three\n", Gate: g.path})
		until(ctx, t, "the lines are logged", func() bool {
			return strings.Contains(log.String(), "msg=two") && strings.Contains(log.String(), "msg=three")
		})
		id := pool.Stats().Workers[0].Call
		for _, line := range []string{"msg=one worker=1 stream=stdout", "msg=two worker=1 stream=stdout", "msg=three worker=1 stream=stderr"} {
			if want := fmt.Sprintf("%s func=procpool.test.prints call=%s\n", line, id); !strings.Contains(log.String(), want) {
				t.Errorf("the log has no line %q:\n%s", want, &log)
			}
		}
		g.open(t, 1)
		if _, err := call.Await(ctx); err != nil {
			t.Error(err)
		}
	})
	if !strings.Contains(log.String(), "msg=unfinished worker=1 stream=stdout") { // logged at the end of the worker
		t.Errorf("the last line, which has no end, is lost:\n%s", &log)
	}
}

// An unlockedBuffer is a writer that two goroutines must not use at the same time.
type unlockedBuffer struct{ bytes.Buffer }

// TestWriters: the pool calls Write from one goroutine at a time, also if Stdout and Stderr are the
// same writer.
func TestWriters(t *testing.T) {
	var both unlockedBuffer
	onPool(t, procpool.Options{Workers: 2, Stdout: &both, Stderr: &both}, func(ctx context.Context, pool *procpool.Pool) {
		var calls []*asyncio.Task[int]
		for range 20 {
			calls = append(calls, prints.Submit(ctx, pool, output{Out: "out\n", Err: "err\n"}))
		}
		for _, call := range calls {
			if n, err := call.Await(ctx); n != 4 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
	})
	if out, err := strings.Count(both.String(), "out\n"), strings.Count(both.String(), "err\n"); out != 20 || err != 20 {
		t.Errorf("%d lines of stdout and %d of stderr; want 20 each", out, err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// TestFailingWriter: an error of the writer does not stop the worker.
func TestFailingWriter(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1, Stdout: failingWriter{}, Stderr: failingWriter{}}, func(ctx context.Context, pool *procpool.Pool) {
		large := strings.Repeat("x", 1<<20) // more than the capacity of a pipe
		for range 3 {
			if n, err := prints.Call(ctx, pool, output{Out: large, Err: large}); n != len(large) || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		if n := pool.Stats().Started; n != 1 {
			t.Errorf("%d workers were started; want 1", n)
		}
	})
}

// TestStderrTail_OfTheCrashingCall: a crash has the output of its own call only, and its reason.
func TestStderrTail_OfTheCrashingCall(t *testing.T) {
	var log sink
	onPool(t, procpool.Options{Workers: 1, Stderr: &log}, func(ctx context.Context, pool *procpool.Pool) {
		if _, err := prints.Call(ctx, pool, output{Err: "panic: survived\n"}); err != nil {
			t.Error(err)
		}
		until(ctx, t, "it was printed", func() bool { return log.String() == "panic: survived\n" })
		_, err := crash.Call(ctx, pool, "exit 2")
		var c *procpool.WorkerCrash
		if !errors.As(err, &c) || c.Reason != "exit code 2" || c.Stack != "" || c.StderrTail != "about to die by exit 2\n" {
			t.Errorf("error %v; %+v", err, c)
		}
	})
}

// printThenEOFInit prints a line, and makes the worker read the end of its channel.
func printThenEOFInit(ctx context.Context) error {
	fmt.Fprintln(os.Stderr, "the roof falls in")
	return eofInit(ctx)
}

// TestStderrTail_BeforeTheCallBegins: if a worker dies before it begins the call, the error has the
// worker's earlier output.
func TestStderrTail_BeforeTheCallBegins(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1, Init: printThenEOFInit}, func(ctx context.Context, pool *procpool.Pool) {
		_, err := square.Call(ctx, pool, 1)
		var c *procpool.WorkerCrash
		if !errors.As(err, &c) || !strings.Contains(c.StderrTail, "the roof falls in\n") {
			t.Errorf("error %v; %+v", err, c)
		}
	})
}

var printsAndDies = asyncio.Register("procpool.test.printsAndDies", func(_ context.Context, text string) (int, error) {
	fmt.Fprint(os.Stderr, text)
	os.Exit(1)
	return 0, nil
})

// TestLongOutput: long lines are logged in parts, without loss. A crash has the last 64 KiB of
// stderr.
func TestLongOutput(t *testing.T) {
	var out sink
	log := &countingHandler{}
	onPool(t, procpool.Options{Workers: 1, Stdout: &out, Logger: slog.New(log)}, func(ctx context.Context, pool *procpool.Pool) {
		large := strings.Repeat("0123456789abcde\n", 1<<16)
		_, err := printsAndDies.Call(ctx, pool, large+"the end\n")
		var c *procpool.WorkerCrash
		if !errors.As(err, &c) || len(c.StderrTail) != 64<<10 || !strings.HasSuffix(c.StderrTail, "abcde\nthe end\n") {
			t.Errorf("error %v with a tail of %d bytes", err, len(c.StderrTail))
		}
		line := strings.Repeat("y", 1<<20)
		if n, err := prints.Call(ctx, pool, output{Out: line, Err: line}); n != 1<<20 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		_, err = printsAndDies.Call(ctx, pool, "short")
		if !errors.As(err, &c) || !strings.HasSuffix(c.StderrTail, "short") {
			t.Errorf("error %v with the tail %.100q", err, c.StderrTail)
		}
	})
	if n := len(out.String()); n != 1<<20 {
		t.Errorf("stdout has %d bytes; want %d", n, 1<<20)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if want := 15<<16 + len("the end") + 1<<20 + len("short"); log.bytes != want || log.longest > 64<<10 {
		t.Errorf("%d bytes were logged, the longest line of %d; want %d", log.bytes, log.longest, want)
	}
}

// A countingHandler counts bytes and the length of the longest line.
type countingHandler struct {
	slog.Handler
	mu             sync.Mutex
	bytes, longest int
}

func (h *countingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *countingHandler) Handle(_ context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bytes += len(r.Message)
	h.longest = max(h.longest, len(r.Message))
	return nil
}
