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
	"slices"
	"strings"
	"sync/atomic"
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

// Limits hold for a place: however many stalls there were at others, each new place is reported.
func TestStallReports_EachPlaceIsReported(t *testing.T) {
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
	if len(reports) != 2*len(naps) {
		t.Fatalf("%d reports, want 2 for each of %d places", len(reports), len(naps))
	}
	lines := map[int]bool{}
	for i, s := range reports {
		lines[s.Line] = true
		if s.Suppressed != 0 || s.Ended != (i%2 == 1) || s.Count != 1 || !s.Ended && s.Elapsed > 75*time.Millisecond {
			t.Errorf("report %d tells of %d stalls that were left out, count %d\n%v", i, s.Suppressed, s.Count, s)
		}
	}
	if len(lines) != len(naps) {
		t.Errorf("the reports name %d lines, want %d", len(lines), len(naps))
	}
	if lines := book.containing("more often than was reported"); len(lines) != 0 {
		t.Errorf("at the end the log has %q, want nothing", lines)
	}
}

// A stall that moves on to another line, or blocks in another way, is reported anew while it lasts. Its end names
// the place that took longest.
func TestStallReports_AStallThatMovesOn(t *testing.T) {
	sleep := func(d time.Duration) { time.Sleep(d) }
	receive := func(d time.Duration) { <-time.After(d) }
	for name, c := range map[string]struct {
		step    func()
		classes []asyncio.StallClass // of the first reports of its places
		longest asyncio.StallClass
		share   string
	}{
		"early": {func() { sleep(70 * time.Millisecond); receive(time.Second) },
			[]asyncio.StallClass{asyncio.StallSleep, asyncio.StallChannel}, asyncio.StallChannel, " of 1.0"},
		"after eight thresholds": {func() { sleep(time.Second); receive(20 * time.Second) },
			[]asyncio.StallClass{asyncio.StallSleep, asyncio.StallChannel}, asyncio.StallChannel, " of 20.9"},
		"and back": {func() { sleep(10 * time.Second); receive(5 * time.Second); sleep(10 * time.Second) },
			[]asyncio.StallClass{asyncio.StallSleep, asyncio.StallChannel}, asyncio.StallSleep, " of 24.9"},
		"for a moment at last": {func() { sleep(30 * time.Second); receive(time.Millisecond) },
			[]asyncio.StallClass{asyncio.StallSleep}, asyncio.StallSleep, ""},
	} {
		t.Run(name, func(t *testing.T) {
			reports := stallsOf(t, &logbook{}, func(ctx context.Context, _ *testing.T) {
				c.step()
				asyncio.Sleep(ctx, time.Second)
			})
			var classes []asyncio.StallClass
			for _, s := range reports {
				if !s.Ended && !slices.Contains(classes, s.Class) {
					classes = append(classes, s.Class)
				}
			}
			last := reports[len(reports)-1]
			if !slices.Equal(classes, c.classes) || !last.Ended || last.Class != c.longest || !strings.Contains(last.Blame, c.share) || strings.Contains(last.Blame, "spent here") != (c.share != "") {
				t.Errorf("the reports are of %v, the end %v: want %v, and %v with %q", classes, last, c.classes, c.longest, c.share)
			}
		})
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
	if lines := book.containing("count=4 total"); len(lines) != 2 {
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
		"the same place, long before": func() { nap(time.Second) },
		"the same place":              func() { nap(short) },
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
				case s.Elapsed > 58*time.Second && s.Elapsed < 62*time.Second && s.Class == asyncio.StallSleep && s.Line > 0:
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
	if lines := book.containing("the stall handler panicked"); len(lines) != 2 || !strings.Contains(lines[0], "by the handler") || !stackBegins(lines[0], "TestStallHandler_ThatPanics.func2 ") {
		t.Errorf("the log has %q, want both panics with their stacks", lines)
	}
}

// stackBegins reports whether the stack in a line of the log begins with the function of this package.
func stackBegins(line, function string) bool {
	_, stack, _ := strings.Cut(line, "stack=")
	first, _, _ := strings.Cut(strings.TrimPrefix(stack, `"`), " < ")
	return strings.Contains(first, "/semantics_test."+function)
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
	if lines := book.containing("ended its goroutine"); len(lines) != 4 || !stackBegins(lines[0], "TestStallHandler_ThatExits.func2 ") {
		t.Errorf("the log has %q, want the end of each call with its stack", lines)
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

// A report is handled before it is logged.
func TestStallHandler_ComesBeforeTheLog(t *testing.T) {
	var handled atomic.Int64
	book := &hookLogger{hook: func(line int) {
		if n := handled.Load(); n < int64(line) {
			t.Errorf("line %d is logged when the handler has returned %d times", line, n)
		}
	}}
	inBubble(t, func(ctx context.Context, t *testing.T) {
		time.Sleep(time.Minute)
		asyncio.Sleep(ctx, time.Second)
	}, asyncio.WithLogger(slog.New(book)), asyncio.WithStallHandler(func(asyncio.Stall) { handled.Add(1) }))
	if n := handled.Load(); n != 5 || len(book.containing("")) != 5 {
		t.Errorf("%d reports were handled and %d logged, want 5", n, len(book.containing("")))
	}
}

// Run waits a second for a handler, and the loop and the log not at all.
func TestStallHandler_ThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logbook{}
		release, ended := make(chan struct{}), make(chan struct{})
		begun := time.Now()
		asyncio.Run(t.Context(), func(ctx context.Context) error {
			time.Sleep(time.Second)
			return asyncio.Sleep(ctx, time.Hour)
		}, asyncio.WithLogger(slog.New(book)), asynciotest.NoStalls(50*time.Millisecond), asyncio.WithStallHandler(func(s asyncio.Stall) {
			if <-release; s.Ended {
				close(ended)
			}
		}))
		if lines := book.containing(""); len(lines) != 5 {
			t.Errorf("the log has %d lines, want 5: %q", len(lines), lines)
		}
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
		"": {false, 1}, "25ms": {false, 2}, "1h": {false, 0}, "off": {false, 0}, "0": {false, 0}, "0s": {false, 0}, "0ms": {false, 0},
		"abc": {true, 1}, "-5ms": {true, 1}, "25": {true, 1}, " 25ms": {true, 1}, "on": {true, 1},
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
			if (len(lines) == 1) != want.bad || want.bad && (!strings.Contains(lines[0], `"`+value+`"`) || !strings.Contains(lines[0], "such as 25ms")) {
				t.Errorf("the log has %q, want the value and what is expected: %v", lines, want.bad)
			}
		})
	}
}

// A value that is not understood leaves the threshold as it is. The warning has the rule and the threshold.
func TestStallVariable_TheWarning(t *testing.T) {
	const rule = "use a duration of at least 0 with its unit, such as 25ms, or off; "
	for want, c := range map[string]struct {
		value string
		opts  []asyncio.Option
	}{
		`asyncio: ASYNCIO_STALL="25": ` + rule + "the threshold stays 100ms":    {"25", nil},
		`asyncio: ASYNCIO_STALL="-25ms": ` + rule + "the threshold stays 100ms": {"-25ms", nil},
		`asyncio: ASYNCIO_STALL="fast": ` + rule + "the threshold stays 2s":     {"fast", []asyncio.Option{asyncio.WithStallThreshold(2 * time.Second)}},
		`asyncio: ASYNCIO_STALL="25 ms": ` + rule + "the watch stays off":       {"25 ms", []asyncio.Option{asyncio.WithStallThreshold(0)}},
	} {
		t.Setenv("ASYNCIO_STALL", c.value)
		book := &logbook{}
		err := asyncio.Run(t.Context(), func(context.Context) error { return nil }, append(c.opts, asyncio.WithLogger(slog.New(book)))...)
		if lines := book.containing("ASYNCIO_STALL"); err != nil || len(lines) != 1 || !strings.Contains(lines[0], want) {
			t.Errorf("%v, the log has %q, want %s", err, lines, want)
		}
	}
}

// The values 0, off and false leave debug mode off, any other value turns it on. The option takes precedence.
func TestDebugVariable(t *testing.T) {
	for value, want := range map[string]bool{"": false, "0": false, "off": false, "false": false, "1": true, "on": true, "true": true, "yes": true} {
		t.Setenv("ASYNCIO_DEBUG", value)
		for option, opts := range map[string][]asyncio.Option{"none": nil, "on": {asyncio.WithDebug(true)}, "off": {asyncio.WithDebug(false)}} {
			want := want
			if option != "none" {
				want = option == "on"
			}
			if on := asyncio.NewLoop(opts...).Trace(io.Discard) == nil; on != want {
				t.Errorf("ASYNCIO_DEBUG=%s with the option %s: debug mode %v, want %v", value, option, on, want)
			}
		}
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
