package engine

import (
	"log/slog"
	"runtime"
	"strconv"
	"testing"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// A timer that is late because a step has held the loop up is none that the loop slept
// through.
func TestALateTimerIsToldIfTheLoopWokeLate(t *testing.T) {
	l := New(Config{})
	l.lateAfter, l.monitorDone = 100, make(chan struct{})
	for _, c := range []struct {
		woke, due int64
		late      int64 // 0: nothing is told
	}{{woke: 1000, due: 950}, {woke: 1000, due: 700, late: 300}, {woke: 1000, due: 1200}, {woke: 0, due: 500}} {
		l.pace.wokeAt = c.woke
		l.timerLate(c.due)
		n := l.oddity.Swap(nil)
		if n == nil {
			n = &news{}
		}
		if int64(n.elapsed) != c.late || c.late != 0 && n.class != stall.LateTimer {
			t.Errorf("woken at %d, due at %d: told of %v as %v, want %d", c.woke, c.due, n.elapsed, n.class, c.late)
		}
	}
}

// What spins is told with the line at which it yields.
func TestASpinnerIsToldWithItsLine(t *testing.T) {
	l := New(Config{})
	l.cur.Store(&l.rootRunner)
	_, file, line, _ := runtime.Caller(0)
	l.tellOf(stall.Spinner, 1, 1, "")
	n := l.oddity.Swap(nil)
	if got, want := n.step.finding.File+":"+strconv.Itoa(n.step.finding.Line), file+":"+strconv.Itoa(line+1); got != want || n.step.stack == "" {
		t.Errorf("it is told at %q, want %q, with the stack %q", got, want, n.step.stack)
	}
}

// A stall that comes when many stacks were taken lately is counted and not reported as
// one of which nothing is known, unless it lasts.
func TestAStallThatWasNotLookedAtIsCounted(t *testing.T) {
	l := New(Config{StallThreshold: 100, Logger: slog.New(slog.DiscardHandler)})
	l.takeLane()
	defer l.releaseLane()
	reports := 0
	l.cfg.OnStall = func(Stall) { reports++ }
	w := &l.watch
	w.places = map[string]*spot{}
	for range maxCaptures {
		w.taken = append(w.taken, l.Elapsed())
	}
	short, long := &slowStep{}, &slowStep{}
	w.during(news{step: short, elapsed: 100}, l.Elapsed())
	short.ended.Store(1)
	w.end(news{step: short, elapsed: 150, ended: true}, l.Elapsed())
	if reports != 0 || w.silent != 1 {
		t.Errorf("%d reports, %d counted, want none and 1", reports, w.silent)
	}
	w.during(news{step: long, elapsed: 100}, l.Elapsed())
	w.during(news{step: long, elapsed: 800}, l.Elapsed())
	if reports != 1 || long.unseen {
		t.Errorf("%d reports of one that lasts, want 1", reports)
	}
}
