package engine

import (
	"bytes"
	"log/slog"
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
