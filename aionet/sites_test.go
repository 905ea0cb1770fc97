package aionet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// here is a line of the test, so many below the call.
func here(down int) string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line+down)
}

// untils returns where the steps of a task ended, as the trace tells.
func untils(ctx context.Context, t *testing.T, task string) (lines []string) {
	t.Helper()
	var b bytes.Buffer
	if err := asyncio.LoopOf(ctx).Trace(&b); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		TraceEvents []struct {
			Name, Ph string
			Args     struct{ Until string }
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, e := range doc.TraceEvents {
		if e.Ph == "X" && e.Name == task && e.Args.Until != "" {
			lines = append(lines, e.Args.Until)
		}
	}
	return lines
}

// In debug mode a task that waits in aionet is said to wait at the line of the user's
// that called it.
func TestDebugNamesTheLineThatCallsAionet(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		ours, theirs := asynciotest.Pipe(ctx)
		site := ""
		task := asyncio.Go(ctx, func(context.Context) error {
			time.Sleep(time.Second) // blocks the loop
			site = here(1)
			_, err := ours.Read(make([]byte, 1))
			return err
		}, asyncio.Name("reader"))
		asyncio.Sleep(ctx, time.Minute)
		write(t, theirs, "x")
		if _, err := task.Await(ctx); err != nil {
			t.Fatal(err)
		}
		if s, _ := asyncio.StatsOf(task); s.Longest != time.Second || s.LongestUntil != site {
			t.Errorf("the longest step took %v and ended at %s, want a second, at %s", s.Longest, s.LongestUntil, site)
		}
		if lines := untils(ctx, t, "reader"); len(lines) != 1 || lines[0] != site {
			t.Errorf("its steps ended at %q, want %s", lines, site)
		}
		shut(t, ours, theirs)
	}, asyncio.WithDebug(true), asynciotest.AllowStalls())
}

// So it is where package net makes the socket, in another goroutine.
func TestDebugNamesTheLineThatDials(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		listened := here(-1)
		if err != nil {
			t.Fatal(err)
		}
		c, err := aionet.Dial(ctx, "tcp", l.Addr().String())
		dialled := here(-1)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Join(untils(ctx, t, "main"), " ")
		for _, want := range []string{listened, dialled} {
			if !strings.Contains(lines, want) {
				t.Errorf("main is not said to have waited at %s, but at %s", want, lines)
			}
		}
		if strings.Contains(lines, "netmake.go") {
			t.Errorf("main is said to have waited in the library: %s", lines)
		}
		shut(t, c, l)
	}, asyncio.WithDebug(true))
}

// The tasks of handlers count as created where the user called Serve, not in aionet.
func TestHandlersAreCreatedAtTheCallOfServe(t *testing.T) {
	for _, debug := range []bool{false, true} {
		t.Run(fmt.Sprintf("debug %v", debug), func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				l, err := aionet.Listen(ctx, "tcp", "server:1")
				if err != nil {
					t.Fatal(err)
				}
				site := ""
				server := asyncio.Go(ctx, func(ctx context.Context) error {
					site = here(1)
					return l.Serve(ctx, echo)
				})
				c, err := aionet.Dial(ctx, "tcp", "server:1")
				if err != nil {
					t.Fatal(err)
				}
				asyncio.Sleep(ctx, time.Second)
				var text strings.Builder
				if err := asyncio.LoopOf(ctx).Dump(&text); err != nil {
					t.Fatal(err)
				}
				_, line, _ := strings.Cut(text.String(), `"connection `)
				line, _, _ = strings.Cut(line, "\n")
				if !strings.Contains(line+" ", ", created at "+site+" ") {
					t.Errorf("the handler is not said to be created at %s:\n%s", site, text.String())
				}
				shut(t, c)
				l.Shutdown(ctx)
				server.Await(ctx)
			}, asyncio.WithDebug(debug))
		})
	}
}

// The same with several loops.
func TestHandlersAreCreatedAtTheCallOfServeLoops(t *testing.T) {
	for _, debug := range []bool{false, true} {
		t.Run(fmt.Sprintf("debug %v", debug), func(t *testing.T) {
			noLeaks(t)
			site, text := "", strings.Builder{}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			handler := func(ctx context.Context, _ *aionet.Conn) error {
				defer cancel()
				return asyncio.LoopOf(ctx).Dump(&text)
			}
			opts := []aionet.ListenOption{aionet.LoopOptions(asyncio.WithDebug(debug)), aionet.OnListen(func(addr net.Addr) {
				c, err := net.Dial("tcp", addr.String())
				if err != nil {
					t.Error(err)
					cancel()
					return
				}
				t.Cleanup(func() { c.Close() })
			})}
			site = here(1)
			if err := aionet.ServeLoops(ctx, 1, "tcp", "127.0.0.1:0", handler, opts...); err != nil {
				t.Error(err)
			}
			if !strings.Contains(text.String(), ", created at "+site+"\n") {
				t.Errorf("the handler is not said to be created at %s:\n%s", site, text.String())
			}
		})
	}
}
