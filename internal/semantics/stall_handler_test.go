package semantics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	rtrace "runtime/trace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// How often the watch reports, and what a handler may do. In virtual time, with a threshold of 50 ms.

// short is a stall of one threshold, and less than two.
const short = 90 * time.Millisecond

// naps are stalls at places of their own.
var naps = []func(){
	func() { time.Sleep(short) },
	func() { time.Sleep(short) },
	func() { time.Sleep(short) },
	func() { time.Sleep(short) },
	func() { time.Sleep(short) },
	func() { time.Sleep(short) },
	func() { time.Sleep(short) },
	func() { time.Sleep(short) },
}

// stallsOf runs main in a bubble and returns the reports.
func stallsOf(t *testing.T, book *logbook, main func(ctx context.Context, t *testing.T)) []asyncio.Stall {
	t.Helper()
	var reports []asyncio.Stall
	inBubble(t, main, asyncio.WithLogger(slog.New(book)), asyncio.WithStallHandler(func(s asyncio.Stall) { reports = append(reports, s) }))
	return reports
}

func TestStallReports_FiveAMinute(t *testing.T) {
	book := &logbook{}
	reports := stallsOf(t, book, func(ctx context.Context, t *testing.T) {
		for _, nap := range naps[:len(naps)-1] {
			nap()
			asyncio.Sleep(ctx, time.Second)
		}
		asyncio.Sleep(ctx, time.Minute)
		naps[len(naps)-1]()
		asyncio.Sleep(ctx, time.Second)
	})
	// Two of each stall, so that the third one's end and four more are left out.
	if len(reports) != 7 {
		t.Fatalf("%d reports, want 5 in the first minute and 2 in the next", len(reports))
	}
	for i, want := range []int{0, 0, 0, 0, 0, 5, 0} {
		if s := reports[i]; s.Suppressed != want || s.Ended != (i == 1 || i == 3 || i == 6) || s.Count != 1 {
			t.Errorf("report %d tells of %d stalls that were left out, want %d\n%v", i, s.Suppressed, want, s)
		}
	}
	if lines := book.containing("more often than was reported"); len(lines) != 1 || !strings.Contains(lines[0], "stalls=5") {
		t.Errorf("at the end the log has %q, want the 5 that were left out", lines)
	}
}

func TestStallReports_TheSamePlaceIsCounted(t *testing.T) {
	book := &logbook{}
	reports := stallsOf(t, book, func(ctx context.Context, t *testing.T) {
		for range 3 {
			naps[0]()
			asyncio.Sleep(ctx, time.Second)
		}
		asyncio.Sleep(ctx, time.Minute)
		naps[0]()
		asyncio.Sleep(ctx, time.Second)
	})
	if len(reports) != 4 {
		t.Fatalf("%d reports, want 2 of the first stall and 2 of the one after a minute", len(reports))
	}
	for i, want := range []struct{ count, suppressed, ended int }{{1, 0, 0}, {1, 0, 1}, {4, 2, 3}, {4, 0, 4}} {
		s := reports[i]
		most := time.Duration(want.ended) * short
		if s.Count != want.count || s.Suppressed != want.suppressed || s.Total > most || s.Total < most*8/10 {
			t.Errorf("report %d counts %d stalls of %v here, %d left out: want %d of %v, %d", i, s.Count, s.Total, s.Suppressed, want.count, most, want.suppressed)
		}
	}
	var left int
	var total string
	for _, line := range book.containing("more often than was reported") {
		_, after, _ := strings.Cut(line, "stalls=")
		fmt.Sscanf(after, "%d total=%s", &left, &total)
	}
	if took, err := time.ParseDuration(total); left != 2 || err != nil || took > 2*short || took < 2*short*8/10 {
		t.Errorf("%d stalls of %s were left out at the end, want 2 of %v: %v", left, total, 2*short, err)
	}
	if lines := book.containing("times=4 total"); len(lines) != 2 {
		t.Errorf("the log has %q, want the count in both of the last reports", lines)
	}
}

func TestStallReports_AtTwiceFourTimesAndEightTimesAndTheEnd(t *testing.T) {
	reports := stallsOf(t, &logbook{}, func(ctx context.Context, _ *testing.T) {
		time.Sleep(time.Minute)
		asyncio.Sleep(ctx, time.Second)
		asyncio.Sleep(ctx, time.Second)
	})
	const threshold = 50 * time.Millisecond
	want := []time.Duration{threshold, 2 * threshold, 4 * threshold, 8 * threshold, time.Minute - threshold/5}
	if len(reports) != len(want) {
		t.Fatalf("%d reports, want %d", len(reports), len(want))
	}
	for i, s := range reports {
		last := i == len(want)-1
		if s.Elapsed < want[i] || s.Elapsed > want[i]+threshold/5 || s.Ended != last || last != (s.Total == s.Elapsed) {
			t.Errorf("report %d is of %v (ended: %v, total %v), want %v", i, s.Elapsed, s.Ended, s.Total, want[i])
		}
	}
}

// A stall that was kept back, because there were enough reports or because its place had one, may be the one that never
// ends: it is told of a minute later.
func TestStallReports_WhatGoesOnIsToldInTheEnd(t *testing.T) {
	nap := func(d time.Duration) { time.Sleep(d) }
	for name, first := range map[string]func(){
		"enough reports":    func() { time.Sleep(time.Second) },
		"enough after some": func() { time.Sleep(short) }, // of the reports of what goes on
		"the same place":    func() { nap(short) },
	} {
		t.Run(name, func(t *testing.T) {
			reports := stallsOf(t, &logbook{}, func(ctx context.Context, _ *testing.T) {
				first()
				asyncio.Sleep(ctx, time.Second)
				nap(time.Hour)
				asyncio.Sleep(ctx, time.Second)
				asyncio.Sleep(ctx, time.Second)
			})
			var during, ended int
			for _, s := range reports {
				switch {
				case s.Ended && s.Elapsed > time.Minute:
					ended++
				case s.Elapsed > time.Minute && s.Elapsed < 62*time.Second && s.Class == asyncio.StallSleep && s.Line > 0:
					during++
				}
			}
			if during != 1 || ended != 1 {
				t.Errorf("of the stall that takes an hour there are %d reports after a minute and %d at its end, want 1 and 1:\n%v", during, ended, reports)
			}
		})
	}
}

func TestStallHandler_ThatPanics(t *testing.T) {
	book := &logbook{}
	calls, went := 0, false
	inBubble(t, func(ctx context.Context, t *testing.T) {
		naps[0]()
		asyncio.Sleep(ctx, time.Second)
		went = true
	}, asyncio.WithLogger(slog.New(book)), asyncio.WithStallHandler(func(asyncio.Stall) { calls++; panic("by the handler") }))
	if calls != 2 || !went {
		t.Errorf("%d calls, the loop went on: %v; want 2, true", calls, went)
	}
	if lines := book.containing("the stall handler panicked"); len(lines) != 2 || !strings.Contains(lines[0], "by the handler") {
		t.Errorf("the log has %q, want both panics", lines)
	}
}

// A handler that ends its goroutine, as a test's Fatal does, ends nothing else.
func TestStallHandler_ThatExits(t *testing.T) {
	book := &logbook{}
	calls := 0
	inBubble(t, func(ctx context.Context, t *testing.T) {
		for _, nap := range naps[:2] {
			nap()
			asyncio.Sleep(ctx, time.Second)
		}
		if m := asyncio.LoopOf(ctx).Metrics(); len(m.Stalls) != 1 || m.Stalls[0].Lasted.Count() != 2 {
			t.Errorf("the stalls are %v, want 2", m.Stalls)
		}
		nap := naps[0]
		nap() // the same place, which is summed up at the end
		asyncio.Sleep(ctx, time.Second)
	}, asyncio.WithLogger(slog.New(book)), asyncio.WithStallHandler(func(asyncio.Stall) { calls++; runtime.Goexit() }))
	if calls != 4 {
		t.Errorf("%d calls, want 2 for each of two stalls", calls)
	}
	if lines := book.containing("ended its goroutine"); len(lines) != 4 {
		t.Errorf("the log has %q, want the end of each call", lines)
	}
	if lines := book.containing("more often than was reported"); len(lines) != 1 || !strings.Contains(lines[0], "stalls=1 ") {
		t.Errorf("at the end the log has %q, want the one that was left out", lines)
	}
}

// A handler may call what may be called from any goroutine: to look, and to cancel.
func TestStallHandler_ThatCallsTheLoop(t *testing.T) {
	var posted, submitted bool // on the loop
	var called bool            // by the watch
	var l *asyncio.Loop
	inBubble(t, func(ctx context.Context, t *testing.T) {
		l = asyncio.LoopOf(ctx)
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			time.Sleep(time.Minute)
			return asyncio.Sleep(ctx, time.Hour)
		}, asyncio.Name("the culprit"))
		if _, err := task.Await(ctx); !errors.Is(err, errWhy) {
			t.Errorf("the task that the handler cancelled returned %v", err)
		}
		asyncio.Sleep(ctx, time.Second)
	}, asyncio.WithStallHandler(func(s asyncio.Stall) {
		if called || s.Task == nil {
			return
		}
		called = true
		if m := l.Metrics(); m.CurrentStall < 50*time.Millisecond {
			t.Errorf("in the handler the stall takes %v", m.CurrentStall)
		}
		var text bytes.Buffer
		if err := l.Dump(&text); err != nil || !strings.Contains(text.String(), "the culprit") || len(l.Tasks()) != 2 {
			t.Errorf("in the handler there are the tasks %v, %v:\n%s", l.Tasks(), err, text.String())
		}
		l.CallSoonThreadsafe(func() { posted = true })
		asyncio.Submit(l, func(context.Context) (int, error) { submitted = true; return 0, nil })
		s.Task.Cancel(errWhy)
	}))
	if !posted || !submitted {
		t.Errorf("what the handler posted ran: %v, what it submitted: %v", posted, submitted)
	}
}

// Run waits a second for a handler, and the loop not at all.
func TestStallHandler_ThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, ended := make(chan struct{}), make(chan struct{})
		begun := time.Now()
		asyncio.Run(t.Context(), func(ctx context.Context) error {
			time.Sleep(time.Second)
			return asyncio.Sleep(ctx, time.Hour)
		}, asyncio.WithLogger(quiet), asynciotest.NoStalls(50*time.Millisecond), asyncio.WithStallHandler(func(s asyncio.Stall) {
			if <-release; s.Ended {
				close(ended)
			}
		}))
		if took := time.Since(begun); took != time.Hour+2*time.Second {
			t.Errorf("Run took %v, want the hour and the second of main, and one for the handler", took)
		}
		close(release)
		<-ended
	})
}

func TestStallVariable(t *testing.T) {
	for value, want := range map[string]struct {
		bad    bool
		stalls uint64 // of 40 and of 90 ms, where the option says 50
	}{
		"": {false, 1}, "25ms": {false, 2}, "1h": {false, 0}, "off": {false, 0}, "0": {false, 0},
		"abc": {true, 1}, "-5ms": {true, 1}, "25": {true, 1}, "0s": {true, 1},
	} {
		t.Run("value "+value, func(t *testing.T) {
			t.Setenv("ASYNCIO_STALL", value)
			book := &logbook{}
			inBubble(t, func(ctx context.Context, t *testing.T) {
				asyncio.Sleep(ctx, time.Second)
				for _, d := range []time.Duration{40 * time.Millisecond, short} {
					time.Sleep(d)
					asyncio.Sleep(ctx, time.Second)
				}
				var n uint64
				for _, s := range asyncio.LoopOf(ctx).Metrics().Stalls {
					n += s.Lasted.Count()
				}
				if n != want.stalls {
					t.Errorf("%d stalls, want %d: %v", n, want.stalls, asyncio.LoopOf(ctx).Metrics().Stalls)
				}
			}, asyncio.WithLogger(slog.New(book)))
			lines := book.containing("ASYNCIO_STALL")
			if (len(lines) == 1) != want.bad || want.bad && (!strings.Contains(lines[0], `"`+value+`"`) || !strings.Contains(lines[0], "a duration such as 25ms")) {
				t.Errorf("the log has %q, want the value and what is expected: %v", lines, want.bad)
			}
		})
	}
}

func TestStallThreshold_ZeroIsOff(t *testing.T) {
	inBubble(t, func(ctx context.Context, t *testing.T) {
		time.Sleep(time.Hour)
		asyncio.Sleep(ctx, time.Second)
		if m := asyncio.LoopOf(ctx).Metrics(); len(m.Stalls) != 0 || m.CurrentStall != 0 {
			t.Errorf("there are the stalls %v", m.Stalls)
		}
	}, asyncio.WithStallThreshold(0), asyncio.WithStallHandler(func(s asyncio.Stall) { t.Errorf("reported: %v", s) }))
}

// The watch needs neither the profiler nor the tracer, which the program may use.
func TestStall_BesideTheProgramsOwnProfile(t *testing.T) {
	for name, start := range map[string]func() (stop func(), err error){
		"CPU profile": func() (func(), error) { return pprof.StopCPUProfile, pprof.StartCPUProfile(io.Discard) },
		"trace":       func() (func(), error) { return rtrace.Stop, rtrace.Start(io.Discard) },
	} {
		t.Run(name, func(t *testing.T) {
			if stop, err := start(); err == nil { // otherwise go test -cpuprofile or -trace has started it
				defer stop()
			}
			reports := blocked(t, &logbook{}, func(asyncio.Stall) {})
			if len(reports) == 0 || filepath.Base(reports[0].File) != "flight_test.go" {
				t.Errorf("the reports are %v, want the line that blocks", reports)
			}
		})
	}
}
