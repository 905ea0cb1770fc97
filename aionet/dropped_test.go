package aionet_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A socket that becomes unreachable without Close is closed, and reported with the line that
// made it.

// collect runs the garbage collector until the condition holds.
func collect(ctx context.Context, t *testing.T, what string, holds func() bool) {
	t.Helper()
	for !holds() {
		runtime.GC()
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			t.Fatalf("collecting until %s: %v", what, err)
		}
	}
}

// droppers make a socket and drop it. Those that are connected return their other side.
var droppers = map[string]func(ctx context.Context, t *testing.T) net.Conn{
	"Dial": func(ctx context.Context, t *testing.T) net.Conn {
		_, far := peer(ctx, t)
		return far
	},
	"Dial, and a view": func(ctx context.Context, t *testing.T) net.Conn {
		c, far := peer(ctx, t)
		c.WithContext(ctx).SetDeadline(time.Now().Add(time.Hour))
		return far
	},
	"Dial, after a Read": func(ctx context.Context, t *testing.T) net.Conn {
		c, far := peer(ctx, t)
		io.WriteString(far, "x")
		wantRead(t, c, "x")
		io.WriteString(far, "lent")
		c.Next()
		return far
	},
	"Dial, after a Read that was cancelled": func(ctx context.Context, t *testing.T) net.Conn {
		c, far := peer(ctx, t)
		task := reading(ctx, c)
		turns(ctx, t, 2)
		task.Cancel(nil)
		task.Await(ctx)
		return far
	},
	"Accept": func(ctx context.Context, t *testing.T) net.Conn {
		l := listen(ctx, t)
		defer l.Close()
		far, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Accept(ctx); err != nil {
			t.Fatal(err)
		}
		return far
	},
	"ListenPacket": func(ctx context.Context, t *testing.T) net.Conn {
		if _, err := aionet.ListenPacket(ctx, "udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		return nil
	},
}

func TestDroppedSocketsAreClosedAndReported(t *testing.T) {
	for name, drop := range droppers {
		t.Run(name, func(t *testing.T) {
			const n = 3
			log := &logbook{}
			onLoop(t, func(ctx context.Context) {
				shut(t, listen(ctx, t)) // opens the descriptors of the poller
				files := descriptors()
				var fars []net.Conn
				for range n {
					task := asyncio.Go(ctx, func(ctx context.Context) error { // on a separate stack
						if far := drop(ctx, t); far != nil {
							fars = append(fars, far)
						}
						return nil
					})
					task.Await(ctx)
				}
				collect(ctx, t, "all are reported", func() bool { return len(log.containing("without Close")) == n })
				for _, far := range fars {
					far.SetReadDeadline(time.Now().Add(guard))
					if _, err := far.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
						t.Errorf("the other side reads %v; want the end", err)
					}
					far.Close()
				}
				until(ctx, t, "the descriptors are closed", func() bool { return descriptors() <= files })
				for _, line := range log.containing("without Close") {
					if !strings.Contains(line, "_test.go:") {
						t.Errorf("the report does not name the line: %s", line)
					}
				}
			}, asyncio.WithLogger(slog.New(log)))
		})
	}
}

// Sockets of one line are logged ten times a minute. Those of another line are still logged.
func TestReportsOfDroppedSocketsAreLimited(t *testing.T) {
	const n = 30
	log := &logbook{}
	onLoop(t, func(ctx context.Context) {
		shut(t, listen(ctx, t)) // opens the descriptors of the poller
		files := descriptors()
		drop := func(make func(ctx context.Context)) {
			asyncio.Go(ctx, func(ctx context.Context) error { make(ctx); return nil }).Await(ctx)
		}
		for range n {
			drop(func(ctx context.Context) { aionet.ListenPacket(ctx, "udp", "127.0.0.1:0") })
		}
		collect(ctx, t, "all are closed", func() bool { return descriptors() <= files })
		drop(func(ctx context.Context) { aionet.ListenPacket(ctx, "udp", "127.0.0.1:0") })
		collect(ctx, t, "the other is reported", func() bool { return len(log.containing("without Close")) == 11 })
	}, asyncio.WithLogger(slog.New(log)))
	lines := log.containing("without Close")
	if descriptors() > 0 && (len(lines) != 12 || !strings.Contains(lines[11], fmt.Sprintf("suppressed=%d", n-10))) {
		t.Errorf("%d lines, the last %q; want 12", len(lines), lines[len(lines)-1:])
	}
	for _, line := range lines {
		if !strings.Contains(line, "defer conn.Close()") {
			t.Errorf("the report names no remedy: %s", line)
		}
	}
}

// A socket that is in use, or was closed, is not reported.
func TestSocketsInUseAreNotReported(t *testing.T) {
	log := &logbook{}
	onLoop(t, func(ctx context.Context) {
		var tasks []*asyncio.Task[string]
		var fars []net.Conn
		for range 5 {
			c, far := peer(ctx, t)
			tasks = append(tasks, reading(ctx, c)) // only the task refers to the connection
			fars = append(fars, far)
			closed, other := peer(ctx, t)
			shut(t, closed, other)
		}
		for range 5 {
			runtime.GC()
			turns(ctx, t, 10)
		}
		for _, far := range fars {
			io.WriteString(far, "alive")
			far.Close()
		}
		for _, task := range tasks {
			if got, err := task.Await(ctx); got != "alive" || err != nil {
				t.Errorf("read %q, %v", got, err)
			}
		}
		tasks = nil
		collect(ctx, t, "the tasks' sockets are reported", func() bool { return len(log.containing("without Close")) == 5 })
	}, asyncio.WithLogger(slog.New(log)))
	if n := len(log.containing("without Close")); n != 5 {
		t.Errorf("%d reports, want 5", n)
	}
}

// In asynciotest a dropped socket fails the test at its end.
func TestADroppedSocketFailsATest(t *testing.T) {
	var failed []string
	record := func(c *engine.Config) {
		c.OnHandlerError = func(what string, err error) bool {
			failed = append(failed, what+": "+err.Error())
			return true
		}
	}
	for range 100 { // the cleanup may run after the end of a loop
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l := listen(ctx, t)
			asyncio.Go(ctx, func(ctx context.Context) error { dial(ctx, t, l.Addr()); return nil }).Await(ctx)
			far, err := l.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				runtime.GC()
				runtime.Gosched()
			}
			shut(t, far, l)
		}, asyncio.Option(record))
		if len(failed) > 0 {
			break
		}
	}
	if len(failed) != 1 || !strings.Contains(failed[0], "dropped without Close; made at ") || !strings.Contains(failed[0], "_test.go:") {
		t.Errorf("the test fails with %q", failed)
	}
}
