package aionet_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// guard is how long a test waits for what must happen.
const guard = 2 * time.Minute

// onLoop runs body as the main task of a loop with the system's network, and checks
// that no task, goroutine or descriptor is left. An error that nobody received fails
// the test.
func onLoop(t *testing.T, body func(ctx context.Context), opts ...asyncio.Option) {
	t.Helper()
	noLeaks(t)
	ctx, cancel := context.WithTimeout(context.Background(), guard)
	defer cancel()
	err := asyncio.Run(ctx, func(ctx context.Context) error {
		body(ctx)
		onlyMainLeft(ctx, t)
		return ctx.Err()
	}, opts...)
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

// onlyMainLeft fails the test if tasks live beside the caller's. Those that are ending
// have a few turns.
func onlyMainLeft(ctx context.Context, t *testing.T) {
	t.Helper()
	loop := asyncio.LoopOf(ctx)
	for i := 0; i < 10 && len(loop.Tasks()) > 1; i++ {
		asyncio.Sleep(ctx, 0)
	}
	for _, task := range loop.Tasks() {
		if task.Name() != "main" {
			t.Errorf("task %q is left", task.Name())
		}
	}
}

// lacks ends a test that needs what this machine does not have: it is skipped, but in CI,
// where nothing may be missing, it fails.
func lacks(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("in CI this test has to run: "+format, args...)
	}
	t.Skipf(format, args...)
}

// noLeaks fails the test if at its end there are goroutines or descriptors that were
// not there before.
func noLeaks(t *testing.T) {
	t.Helper()
	warmUp()
	goroutines, files := goroutines(), descriptors()
	t.Cleanup(func() {
		if !eventually(func() bool { return len(newGoroutines(goroutines)) == 0 }) {
			t.Errorf("goroutines are left:\n%s", strings.Join(newGoroutines(goroutines), "\n\n"))
		}
		if !eventually(func() bool { return descriptors() <= files }) {
			t.Errorf("%d descriptors are open, %d before", descriptors(), files)
		}
	})
}

// warmUp has the runtime open what it keeps open.
var warmUp = sync.OnceFunc(func() {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		panic(err)
	}
	l.Close()
})

// eventually waits, outside a loop, until the condition holds.
func eventually(holds func() bool) bool {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(guard); !holds(); <-tick.C {
		if time.Now().After(limit) {
			return false
		}
	}
	return true
}

// until suspends the task until the condition holds.
func until(ctx context.Context, t *testing.T, what string, holds func() bool) {
	t.Helper()
	for !holds() {
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			t.Fatalf("waiting until %s: %v", what, err)
		}
	}
}

// turns lets everything else run: a task that was created has taken its first step
// after two.
func turns(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	for range n {
		if err := asyncio.Sleep(ctx, 0); err != nil {
			t.Fatalf("giving up a turn: %v", err)
		}
	}
}

// goroutines returns the stacks of all goroutines by number.
func goroutines() map[string]string {
	buf := make([]byte, 4<<20)
	all := map[string]string{}
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if f := strings.Fields(stack); len(f) > 1 {
			all[f[1]] = stack
		}
	}
	return all
}

func newGoroutines(before map[string]string) (left []string) {
	for number, stack := range goroutines() {
		if before[number] == "" {
			left = append(left, stack)
		}
	}
	return left
}

// descriptors counts those of the process where the system tells, else 0.
func descriptors() int {
	files, _ := os.ReadDir("/proc/self/fd")
	return len(files)
}

// listen listens on loopback.
func listen(ctx context.Context, t *testing.T, opts ...aionet.ListenOption) *aionet.Listener {
	t.Helper()
	l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", opts...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func dial(ctx context.Context, t *testing.T, to net.Addr, opts ...aionet.Option) *aionet.Conn {
	t.Helper()
	c, err := aionet.Dial(ctx, to.Network(), to.String(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pair returns two connections of the loop, joined by TCP over loopback.
func pair(ctx context.Context, t *testing.T) (near, far *aionet.Conn) {
	t.Helper()
	l := listen(ctx, t)
	defer l.Close()
	near = dial(ctx, t, l.Addr())
	far, err := l.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

// peer returns a connection of the loop and its other side, which is package net's.
func peer(ctx context.Context, t *testing.T) (*aionet.Conn, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := dial(ctx, t, l.Addr())
	far, err := l.Accept() // it is there already
	if err != nil {
		t.Fatal(err)
	}
	return c, far.(*net.TCPConn)
}

// serve runs a server in a task and returns its listener, and a function that ends it
// in order.
func serve(ctx context.Context, t *testing.T, handler func(ctx context.Context, conn *aionet.Conn) error, opts ...aionet.ListenOption) (*aionet.Listener, func()) {
	t.Helper()
	l := listen(ctx, t, opts...)
	server := asyncio.Go(ctx, func(ctx context.Context) error { return l.Serve(ctx, handler) }, asyncio.Name("server"))
	return l, func() {
		t.Helper()
		if err := l.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if _, err := server.Await(ctx); err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}

// reading starts a task that reads once.
func reading(ctx context.Context, c io.Reader) *asyncio.Task[string] {
	return asyncio.CreateTask(ctx, func(context.Context) (string, error) {
		b := make([]byte, 100)
		n, err := c.Read(b)
		return string(b[:n]), err
	})
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: the error is %v, want %v", what, got, want)
	}
}

// wantRead reads exactly the text.
func wantRead(t *testing.T, c io.Reader, text string) {
	t.Helper()
	b := make([]byte, len(text))
	if n, err := io.ReadFull(c, b); err != nil || string(b) != text {
		t.Errorf("read %q, %v; want %q", b[:n], err, text)
	}
}

func wantEOF(t *testing.T, c io.Reader) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read %d bytes, %v; want the end", n, err)
	}
}

func write(t *testing.T, c io.Writer, text string) {
	t.Helper()
	if n, err := io.WriteString(c, text); n != len(text) || err != nil {
		t.Errorf("wrote %d bytes of %q, %v", n, text, err)
	}
}

// shut closes the connections.
func shut(t *testing.T, cs ...io.Closer) {
	t.Helper()
	for _, c := range cs {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

// logbook is a logger's handler that remembers the messages with their attributes.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

func (l *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (l *logbook) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logbook) WithGroup(string) slog.Handler            { return l }

func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	return nil
}

// containing returns the lines that have the text.
func (l *logbook) containing(text string) (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}

// exit ends the calling goroutine, as t.FailNow does.
func exit() { runtime.Goexit() }
