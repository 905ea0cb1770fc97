package engine

import (
	"log/slog"
	"math"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// A lateWaker is a poller that returns so much later than it was told to.
type lateWaker struct {
	Poller
	by time.Duration
}

func (p lateWaker) Wait(d time.Duration) { time.Sleep(d + p.by) }

// Of timers that are late, those are told of for which the loop slept, and no others.
func TestALateTimerIsToldIfTheLoopWokeLate(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name     string
		in, held time.Duration // from when it is set until it is due, and until the loop looks
		by, want time.Duration // how much too late the loop is woken, and what is told; 0: nothing
	}{
		{"slept through", 50 * ms, 0, 300 * ms, 300 * ms},
		{"a little late", 50 * ms, 0, 50 * ms, 0},
		{"held up by a step", 50 * ms, 300 * ms, 0, 0},
		{"held up by a step and a little late", 350 * ms, 300 * ms, 50 * ms, 0},
		{"set for a time that has passed", -time.Hour, 0, 0, 0},
		{"set for a time long before any clock", math.MinInt64, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := New(Config{})
				l.lateAfter, l.monitorDone = int64(100*ms), make(chan struct{})
				var p Poller = lateWaker{by: c.by}
				l.poller.Store(&p)
				l.CallAt(l.After(c.in), func() {})
				time.Sleep(c.held)
				l.sleep()
				l.fireTimers()
				if l.ready.len() != 1 {
					t.Fatalf("%d callbacks are ready after the sleep, want the timer's", l.ready.len())
				}
				n := l.oddity.Swap(nil)
				if n == nil {
					n = &news{}
				}
				if n.elapsed != c.want || c.want != 0 && n.class != stall.LateTimer {
					t.Errorf("told of %v as %v, want %v", n.elapsed, n.class, c.want)
				}
			})
		})
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
	l.takeStackMarker()
	defer l.releaseStackMarker()
	reports := 0
	l.cfg.OnStall = func(Stall) { reports++ }
	w := &l.watch
	for range maxLooks {
		w.taken = append(w.taken, l.Elapsed())
	}
	short, long := &slowStep{}, &slowStep{}
	w.during(news{step: short, elapsed: 100}, l.Elapsed())
	short.ended.Store(1)
	w.end(news{step: short, elapsed: 150, ended: true}, l.Elapsed())
	<-w.delivery.handler.ended()
	if reports != 0 || w.silent != 1 {
		t.Errorf("%d reports, %d counted, want none and 1", reports, w.silent)
	}
	w.during(news{step: long, elapsed: 100}, l.Elapsed())
	w.during(news{step: long, elapsed: 800}, l.Elapsed())
	<-w.delivery.handler.ended()
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

// An anomaly at a place that was reported less than a minute ago is counted, and not reported.
func TestAnOddityThatIsLeftOutIsCounted(t *testing.T) {
	l := New(Config{StallThreshold: 100, Logger: slog.New(slog.DiscardHandler)})
	w := &l.watch
	for range 2 {
		w.oddity(news{class: stall.Spinner, elapsed: 150}, l.Elapsed())
	}
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

// News that others overtake are counted as stalls that were not reported, but for late timers: those blocked nothing.
func TestNewsThatAreOvertaken(t *testing.T) {
	l := New(Config{StallThreshold: 100})
	for i, want := range []int64{0, 0, 0, 1, 2} {
		l.odd(&news{class: []stall.Class{stall.LateTimer, stall.LateTimer, stall.ManySteps, stall.Spinner, stall.LateTimer}[i]})
		if got := l.watch.lost.Load(); got != want {
			t.Errorf("after %d news %d are lost, want %d", i+1, got, want)
		}
	}
}
