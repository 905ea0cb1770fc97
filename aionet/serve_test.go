package aionet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A server: a task for each connection, whose errors and panics end that connection.

func echo(_ context.Context, c *aionet.Conn) error {
	_, err := io.Copy(c, c)
	return err
}

// Handlers are tasks of the loop. They share variables without locks, and a handler that waits does
// not block the others.
func TestServe(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		here, present, most := asyncio.LoopOf(ctx), 0, 0
		all := &asyncio.Event{}
		l, end := serve(ctx, t, func(ctx context.Context, c *aionet.Conn) error {
			if asyncio.LoopOf(ctx) != here {
				t.Error("the handler is not on the loop")
			}
			if name := asyncio.CurrentTask(ctx).Name(); name != "connection "+c.RemoteAddr().String() {
				t.Errorf("the handler's task is called %q", name)
			}
			present++
			most = max(most, present)
			defer func() { present-- }()
			if present == 10 {
				all.Set()
			}
			if err := all.Wait(ctx); err != nil {
				return err
			}
			return echo(ctx, c)
		})
		var clients []*aionet.Conn
		for range 10 {
			clients = append(clients, dial(ctx, t, l.Addr()))
		}
		for i, c := range clients {
			fmt.Fprintf(c, "%d\n", i)
		}
		for i, c := range clients {
			if line, err := bufio.NewReader(c).ReadString('\n'); line != fmt.Sprintf("%d\n", i) || err != nil {
				t.Errorf("client %d got %q, %v", i, line, err)
			}
			shut(t, c)
		}
		end()
		if present != 0 || most != 10 {
			t.Errorf("%d handlers are left, %d were there at once", present, most)
		}
	})
}

func TestServeWithoutAHandler(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		defer shut(t, l)
		if err := l.Serve(ctx, nil); err == nil || !strings.Contains(err.Error(), "nil handler") {
			t.Errorf("Serve: %v", err)
		}
	})
}

// misbehaving handles each connection in another wrong way, in turn.
func misbehaving(errBroken error) func(ctx context.Context, c *aionet.Conn) error {
	n := 0
	return func(ctx context.Context, c *aionet.Conn) error {
		n++
		switch n {
		case 1:
			return errBroken
		case 2:
			panic("boom")
		case 3:
			panic(errBroken)
		case 4:
			return []error{}[n] // a runtime error
		case 5:
			return io.EOF // which is no news
		case 6:
			_, err := c.Read(make([]byte, 1))
			return err
		case 7:
			c.Close() // itself
			return nil
		}
		return echo(ctx, c)
	}
}

// visit has so many clients come, one after the other, each until the server closes.
func visit(ctx context.Context, t *testing.T, to net.Addr, n int) (froms []string) {
	t.Helper()
	for i := range n {
		c := dial(ctx, t, to)
		froms = append(froms, c.LocalAddr().String())
		if i == 5 {
			c.SetLinger(0) // a reset
		} else {
			c.Read(make([]byte, 1))
		}
		shut(t, c)
	}
	return froms
}

func TestServe_ReportsHandlerErrors(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		errBroken := errors.New("broken")
		type report struct {
			from string
			err  error
		}
		var reports []report
		l, end := serve(ctx, t, misbehaving(errBroken), aionet.OnError(func(remote net.Addr, err error) {
			reports = append(reports, report{remote.String(), err})
		}))
		froms := visit(ctx, t, l.Addr(), 7)
		c := dial(ctx, t, l.Addr()) // the server is well
		write(t, c, "still there?")
		wantRead(t, c, "still there?")
		shut(t, c)
		end()
		if len(reports) != 5 {
			t.Fatalf("%d reports: %v", len(reports), reports)
		}
		for i, r := range reports {
			client := i
			if i == 4 {
				client = 5 // the one before was an EOF
			}
			if r.from != froms[client] {
				t.Errorf("report %d is of %s, want %s", i, r.from, froms[client])
			}
		}
		wantErr(t, "an error", reports[0].err, errBroken)
		var p *asyncio.PanicError
		for i, value := range map[int]any{1: "boom", 2: errBroken} {
			if !errors.As(reports[i].err, &p) || p.Value != value || !strings.Contains(string(p.Stack), "serve_test.go") {
				t.Errorf("report %d: %v", i, reports[i].err)
			}
		}
		if !errors.As(reports[3].err, &p) {
			t.Errorf("a runtime error: %v", reports[3].err)
		}
		if runtimeErr, ok := p.Value.(error); !ok || !strings.Contains(runtimeErr.Error(), "index out of range") {
			t.Errorf("a runtime error: %v", p.Value)
		}
		wantErr(t, "a reset", reports[4].err, syscall.ECONNRESET)
	})
}

func TestServe_LogsHandlerErrors(t *testing.T) {
	var log logbook
	onLoop(t, func(ctx context.Context) {
		l, end := serve(ctx, t, misbehaving(errors.New("broken")))
		froms := visit(ctx, t, l.Addr(), 7)
		end()
		lines := log.containing("aionet: a connection failed")
		if len(lines) != 5 {
			t.Fatalf("%d lines: %q", len(lines), log.lines)
		}
		if !strings.Contains(lines[0], "broken") || !strings.Contains(lines[0], froms[0]) || !strings.Contains(lines[0], l.Addr().String()) {
			t.Errorf("an error: %s", lines[0])
		}
		if !strings.Contains(lines[1], "boom") || !strings.Contains(lines[1], froms[1]) || !strings.Contains(lines[1], "serve_test.go") {
			t.Errorf("a panic: %s", lines[1])
		}
	}, asyncio.WithLogger(slog.New(&log)))
}

// OnError that panics itself loses neither the server nor the news.
func TestOnErrorThatPanics(t *testing.T) {
	var log logbook
	onLoop(t, func(ctx context.Context) {
		calls := 0
		l, end := serve(ctx, t, misbehaving(errors.New("broken")), aionet.OnError(func(net.Addr, error) {
			calls++
			panic("the report's own")
		}))
		visit(ctx, t, l.Addr(), 2)
		end()
		if calls != 2 || len(log.containing("the report's own")) != 2 || len(log.containing("broken")) != 1 || len(log.containing("boom")) != 1 {
			t.Errorf("%d calls, logged %q", calls, log.lines)
		}
	}, asyncio.WithLogger(slog.New(&log)))
}

// Serve that is cancelled cancels its handlers, waits for them, and leaves the listener.
func TestServeCancelled(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t, aionet.OnError(func(_ net.Addr, err error) { t.Errorf("reported: %v", err) }))
		ended := 0
		var err error
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			err = l.Serve(ctx, func(ctx context.Context, c *aionet.Conn) error {
				_, err := c.Read(make([]byte, 1))
				asyncio.Sleep(context.WithoutCancel(ctx), 1) // its clean-up takes a while
				ended++
				return fmt.Errorf("cleaned up: %w", err)
			})
			return err
		})
		a, b := dial(ctx, t, l.Addr()), dial(ctx, t, l.Addr())
		until(ctx, t, "both are served", func() bool { return len(asyncio.LoopOf(ctx).Tasks()) == 4 })
		turns(ctx, t, 2)
		server.Cancel(nil)
		server.Await(ctx)
		if err != context.Canceled || ended != 2 {
			t.Errorf("Serve: %v, %d handlers had ended", err, ended)
		}
		wantEOF(t, a)
		wantEOF(t, b)
		c := dial(ctx, t, l.Addr())
		far, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		shut(t, a, b, c, far, l)
	})
}

// A handler cancelled before its first step never runs, and its connection is closed.
func TestHandlerCancelledBeforeItsFirstStep(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		var server *asyncio.Task[struct{}]
		ran := false
		server = asyncio.Go(ctx, func(ctx context.Context) error {
			return l.Serve(ctx, func(context.Context, *aionet.Conn) error { ran = true; return nil })
		})
		turns(ctx, t, 2)
		c, err := net.Dial("tcp", l.Addr().String()) // no turn goes by
		if err != nil {
			t.Fatal(err)
		}
		for len(asyncio.LoopOf(ctx).Tasks()) < 3 { // until the very turn in which the handler is created
			asyncio.Sleep(ctx, 0)
		}
		server.Cancel(nil)
		server.Await(ctx)
		if ran {
			t.Error("the handler ran")
		}
		wantEOF(t, c)
		shut(t, c, l)
	})
}

// A handler that calls runtime.Goexit, as t.FailNow does, ends Run's goroutine: that is
// not an affair of the connection alone. The connection is closed.
func TestServe_HandlerCallsGoexit(t *testing.T) {
	noLeaks(t)
	ended := make(chan bool)
	go func() {
		returned := false
		defer func() { ended <- returned }()
		asyncio.Run(context.Background(), func(ctx context.Context) error {
			l, _ := serve(ctx, t, func(context.Context, *aionet.Conn) error {
				exit()
				return nil
			})
			c, err := aionet.Dial(ctx, "tcp", l.Addr().String())
			if err == nil { // else it was quick
				_, err = c.Read(make([]byte, 1))
			}
			return err
		})
		returned = true
	}()
	if <-ended {
		t.Error("Run returned")
	}
}
