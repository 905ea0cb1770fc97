package engine

import (
	"bytes"
	"log/slog"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// While the handler or the logger blocks, a bounded number of reports waits for it. The others are counted.
func TestReportsThatFindNoRoomAreCounted(t *testing.T) {
	for _, blocked := range []string{"logger", "handler"} {
		t.Run(blocked, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const reports = maxCalls + 10
				release := make(chan struct{})
				var text bytes.Buffer
				l := New(Config{Virtual: true})
				l.cfg.Logger = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
					if blocked == "logger" {
						<-release
					}
					return text.Write(p)
				}), nil))
				handled := 0
				l.cfg.OnStall = func(Stall) {
					if blocked == "handler" {
						<-release
					}
					handled++
				}
				w := &l.watch
				for range reports {
					w.delivery.deliver(l, Stall{Loop: l})
					synctest.Wait()
					if blocked == "handler" {
						time.Sleep(handlerPatience)
					}
				}
				const taken, lost = maxCalls + 1, reports - maxCalls - 1
				wantHandled, wantUnlogged, wantLines := 0, 0, reports
				if blocked == "logger" {
					wantHandled, wantUnlogged, wantLines = reports, reports, taken
				}
				if handled != wantHandled || l.Unlogged() != uint64(wantUnlogged) {
					t.Errorf("%d reports are handled, %d are not logged, want %d and %d", handled, l.Unlogged(), wantHandled, wantUnlogged)
				}
				w.sum()
				close(release)
				synctest.Wait()
				counts, counting := "unlogged=9", 1 // the next line that is written
				if blocked == "handler" {
					counts, counting = "undelivered=9", wantLines // one more, at the end
					wantLines++
				}
				lines := strings.Split(strings.TrimSpace(text.String()), "\n")
				if len(lines) != wantLines || lost != 9 || !strings.HasSuffix(lines[counting], counts) {
					t.Errorf("%d lines are logged, want %d, and line %d with %s: %q", len(lines), wantLines, counting, counts, lines)
				}
			})
		})
	}
}

// A dump names a logger and a handler that do not return, and counts the reports that wait for them or were lost.
func TestDumpOfADeliveryThatIsStuck(t *testing.T) {
	const minute = "has not returned for 1 min"
	for name, c := range map[string]struct {
		logger, handler func(release chan struct{})
		reports         int
		want            string
	}{
		"neither": {nil, nil, 3, ""},
		"logger":  {wait, nil, 3, "  3 reports of stalls wait for the logger, which " + minute + "\n"},
		"one":     {wait, nil, 1, "  1 report of a stall waits for the logger, which " + minute + "\n"},
		"handler": {nil, wait, 3, "  3 reports of stalls wait for the stall handler, which " + minute + "\n"},
		"both": {wait, wait, 2, "  2 reports of stalls wait for the stall handler, which " + minute + "\n" +
			"  2 reports of stalls wait for the logger, which " + minute + "\n"},
		"a full queue": {wait, nil, maxCalls + 5, "  33 reports of stalls wait for the logger, which " + minute + "\n" +
			"  4 reports of stalls were not logged: the logger blocked or panicked\n"},
		"a full queue of the handler": {nil, wait, maxCalls + 5, "  33 reports of stalls wait for the stall handler, which " + minute + "\n" +
			"  4 reports of stalls were not handled: the stall handler blocked\n"},
		"panic": {func(chan struct{}) { panic("by the logger") }, nil, 2, "  2 reports of stalls were not logged: the logger blocked or panicked\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				l := New(Config{Virtual: true, Logger: slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
					if c.logger != nil {
						c.logger(release)
					}
					return len(p), nil
				}), nil))})
				l.cfg.OnStall = func(Stall) {
					if c.handler != nil {
						c.handler(release)
					}
				}
				for range c.reports {
					l.watch.delivery.deliver(l, Stall{Loop: l})
					synctest.Wait()
					if c.handler != nil {
						time.Sleep(handlerPatience) // the logger waits for the handler
					}
				}
				time.Sleep(time.Minute)
				dumped := func() string {
					var b bytes.Buffer
					if err := l.Dump(&b); err != nil {
						t.Error(err)
					}
					_, rest, _ := strings.Cut(b.String(), "\n")
					return regexp.MustCompile(`(min) \d s`).ReplaceAllString(rest, "$1")
				}
				if got := dumped(); got != c.want {
					t.Errorf("the dump has\n%swant\n%s", got, c.want)
				}
				close(release)
				time.Sleep(time.Minute)
				if got := dumped(); strings.Contains(got, "wait") {
					t.Errorf("after the delivery the dump has\n%s", got)
				}
			})
		})
	}
}

func wait(release chan struct{}) { <-release }

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// The calls of a queue are made in the order of the queue. A call that ends its goroutine does not stop them.
func TestCallQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q callQueue
		var got []int
		<-q.ended()
		for i := range 5 {
			if !q.put(func() {
				got = append(got, i)
				if i%2 == 0 {
					runtime.Goexit()
				}
			}, 10) {
				t.Errorf("no room for call %d", i)
			}
		}
		<-q.ended()
		if q.put(func() { got = append(got, -1) }, 0) {
			t.Error("a full queue took a call")
		}
		<-q.ended()
		if len(got) != 5 || got[0] != 0 || got[4] != 4 {
			t.Errorf("called %v, want 0 to 4", got)
		}
	})
}
