package engine

import (
	"log/slog"
	"math"
	"runtime"
	"strconv"
	"testing"
	"time"

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

// A spinner is told of when it has spun for ten thresholds, however long one is.
func TestASpinnerOfTenThresholds(t *testing.T) {
	for threshold, want := range map[int64]bool{1000: true, 3900: true, 4000: false, math.MaxInt64: false} {
		l := New(Config{StallThreshold: time.Duration(threshold)})
		r := &runner{loop: l, why: forYield}
		r.task.Store(&Task{})
		l.cur.Store(r)
		for l.turns = 1; l.turns <= 40; l.turns++ {
			l.watchPace(int64(l.turns) * 1000)
		}
		if told := l.oddity.Load() != nil; told != want {
			t.Errorf("a spinner of 39 us, with a threshold of %v, is told: %v, want %v", time.Duration(threshold), told, want)
		}
	}
}

// What is told of once, and comes when there were enough reports, is one of those left out.
func TestAnOddityThatIsLeftOutIsCounted(t *testing.T) {
	l := New(Config{StallThreshold: 100, Logger: slog.New(slog.DiscardHandler)})
	w := &l.watch
	w.places = map[string]*spot{}
	for range maxStallReports {
		w.recent = append(w.recent, l.Elapsed())
	}
	w.oddity(news{class: stall.ManySteps, elapsed: 150}, l.Elapsed())
	if w.silent != 1 || w.left != 1 || w.leftTook != 150 {
		t.Errorf("%d and %d of %d ns were left out, want 1 of 150 ns", w.silent, w.left, w.leftTook)
	}
}

// What is known of a stall is not told of the next one of the same task, of which the watch has not heard yet.
func TestStalledTellsOfTheStallThatGoesOn(t *testing.T) {
	l := New(Config{})
	before, now := &slowStep{task: &Task{}}, &slowStep{}
	now.task = before.task
	now.task.prepare(l, 1, nil, 0, "main")
	l.watch.current.Store(&Stall{step: before, Task: before.task, Class: stall.Lock})
	l.slow.Store(now)
	if s := l.Stalled(); s.Class != stall.Unknown {
		t.Errorf("it is told of as %v, which was the one before", s.Class)
	}
	l.slow.Store(before)
	if s := l.Stalled(); s.Class != stall.Lock {
		t.Errorf("it is told of as %v, want lock", s.Class)
	}
}
