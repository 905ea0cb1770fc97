package semantics_test

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// The watch does not depend on the logger: whatever that does, the handler gets each report while the stall
// lasts, and Run ends. In virtual time, with a threshold of 50 ms.

// A hookLogger calls a function before it keeps a line.
type hookLogger struct {
	logbook
	hook func(line int)
	n    atomic.Int64
}

func (h *hookLogger) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *hookLogger) WithGroup(string) slog.Handler      { return h }
func (h *hookLogger) Handle(ctx context.Context, r slog.Record) error {
	h.hook(int(h.n.Add(1)))
	return h.logbook.Handle(ctx, r)
}

func TestStallLogger(t *testing.T) {
	release := make(chan struct{}) // the logger, after Run
	var loop atomic.Pointer[asyncio.Loop]
	for name, c := range map[string]struct {
		hook     func(line int)
		took     time.Duration // the end of Run, after main
		unlogged uint64        // at the end of Run
		after    uint64        // when the logger is released
		lines    int           // that it has kept then
		counted  string        // in one of them
	}{
		"writes":                {func(int) {}, 0, 0, 0, 7, ""},
		"blocks":                {func(int) { <-release }, time.Second, 7, 0, 7, ""},
		"blocks at the second":  {func(line int) { blockAt(line, 2, release) }, time.Second, 6, 0, 7, ""},
		"panics":                {func(int) { panic("by the logger") }, 0, 8, 8, 0, ""},
		"panics at first":       {func(line int) { panicAt(line < 4) }, 0, 3, 3, 4, "unlogged=3"},
		"panics at last":        {func(line int) { panicAt(line == 7) }, 0, 1, 1, 7, "unlogged=1"},
		"panics now and then":   {func(line int) { panicAt(line%2 == 0) }, 0, 3, 3, 4, "unlogged=1"},
		"exits":                 {func(int) { runtime.Goexit() }, 0, 8, 8, 0, ""},
		"exits at first":        {func(line int) { exitAt(line < 4) }, 0, 3, 3, 4, "unlogged=3"},
		"asks the loop":         {func(int) { <-asyncio.Submit(loop.Load(), answer).Done() }, 0, 0, 0, 7, ""},
		"describes the loop":    {func(int) { l := loop.Load(); l.Dump(&strings.Builder{}); l.Metrics(); l.Tasks() }, 0, 0, 0, 7, ""},
		"is slow by 2 s a line": {func(int) { time.Sleep(2 * time.Second) }, time.Second, 2, 0, 7, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release = make(chan struct{})
				book := &hookLogger{hook: c.hook}
				var during, ended int
				var mainEnded time.Time
				begun := time.Now()
				asyncio.Run(t.Context(), func(ctx context.Context) error {
					loop.Store(asyncio.LoopOf(ctx))
					time.Sleep(time.Hour) // reports at 1, 2, 4 and 8 thresholds, and the end
					asyncio.Sleep(ctx, time.Minute)
					naps[0]()
					mainEnded = time.Now()
					return nil
				}, asyncio.WithLogger(slog.New(book)), asynciotest.NoStalls(50*time.Millisecond), asyncio.WithStallHandler(func(s asyncio.Stall) {
					switch at := time.Since(begun); {
					case s.Ended:
						ended++
					case at < time.Second || at > time.Hour && at < mainEndsAt:
						during++
					default:
						t.Errorf("the handler got a report of %v after %v", s.Elapsed, at)
					}
				}))
				if took := time.Since(mainEnded); took < c.took || took > c.took+200*time.Millisecond {
					t.Errorf("Run took %v after main had ended, want %v", took, c.took)
				}
				if during != 5 || ended != 2 {
					t.Errorf("the handler got %d reports of stalls that last and %d of their ends, want 5 and 2", during, ended)
				}
				if n := loop.Load().Metrics().UnloggedStalls; n != c.unlogged {
					t.Errorf("%d reports are not logged, want %d", n, c.unlogged)
				}
				close(release)
				synctest.Wait()
				time.Sleep(time.Minute) // for the slow one
				if n := loop.Load().Metrics().UnloggedStalls; n != c.after {
					t.Errorf("when the logger was released %d reports are not logged, want %d", n, c.after)
				}
				if lines := book.containing(""); len(lines) != c.lines {
					t.Errorf("the log has %d lines, want %d: %q", len(lines), c.lines, lines)
				}
				if c.counted != "" && len(book.containing(c.counted)) == 0 {
					t.Errorf("no line counts %s: %q", c.counted, book.containing(""))
				}
			})
		})
	}
}

// mainEndsAt is when the last step of the programs ends.
const mainEndsAt = time.Hour + time.Minute + short

func answer(context.Context) (int, error) { return 0, nil }

func blockAt(line, at int, until <-chan struct{}) {
	if line == at {
		<-until
	}
}

func panicAt(now bool) {
	if now {
		panic("by the logger")
	}
}

func exitAt(now bool) {
	if now {
		runtime.Goexit()
	}
}
