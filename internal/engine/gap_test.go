package engine

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// A gap of the monitor is reported once: as a gap, or with the news of the loop that explain it.
func TestAGapIsReportedOnce(t *testing.T) {
	for _, c := range []struct {
		name           string
		parked, ticked time.Duration // what the news of a look explain, before the monitor parks and at its next tick
		reported       bool
	}{
		{"no news", 0, 0, true},
		{"of something short", 0, 100 * time.Millisecond, true},
		{"the end of a step", 0, time.Second, false},
		{"a late wake", time.Second, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var reports []Stall
			l := New(Config{StallThreshold: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler), OnStall: func(s Stall) { reports = append(reports, s) }})
			m := monitor{l: l, gap: &news{class: stall.Suspended, elapsed: time.Second, ended: true}}
			m.explain(c.parked)
			m.report(c.ticked)
			m.report(0)
			l.watch.close()
			l.watch.wait()
			if (len(reports) == 1) != c.reported || len(reports) > 1 {
				t.Errorf("reports: %v", reports)
			}
		})
	}
}

// A short gap is not reported. A gap during a marked step is part of the report of the step.
func TestAGapOfAStep(t *testing.T) {
	const second = int64(time.Second)
	l := New(Config{StallThreshold: 100 * time.Millisecond})
	m := monitor{l: l, tick: monitorTick}
	m.clock.due = 1 << 62
	m.clock.before = stall.ReadUsage()
	stood := func(now, gap int64) {
		m.stood(now, gap)
		m.goesOn(m.settle())
	}
	stood(second, int64(90*time.Millisecond))
	if m.gap != nil {
		t.Error("a gap under the threshold is reported")
	}
	l.mark.Store(true)
	m.marked = stretch{began: second}
	m.clock.before = stall.ReadUsage() // nothing was used since: it is as if the process stood still
	stood(2*second, second)
	if m.gap != nil || m.marked.stopped != second {
		t.Errorf("the gap is %v, of the step %v; want it to be the step's", m.gap, time.Duration(m.marked.stopped))
	}
	l.mark.Store(false)
	m.clock.before = stall.ReadUsage()
	stood(2*second, second)
	if m.gap == nil || m.gap.class != stall.Suspended {
		t.Errorf("a gap without a step is %+v, want a stop", m.gap)
	}
}

// The report of a step that ends right after a stop has the stop, and there is no other report of it.
func TestAStopBeforeTheEndOfAStep(t *testing.T) {
	const second = int64(time.Second)
	for _, missed := range []bool{false, true} {
		var reports []Stall
		l := New(Config{StallThreshold: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler), OnStall: func(s Stall) { reports = append(reports, s) }})
		m := monitor{l: l, tick: monitorTick}
		m.clock.due = 1 << 62
		m.clock.before = stall.ReadUsage()
		m.turn.usage = m.clock.before
		s := &slowStep{runner: &l.rootRunner, began: second, cpu: m.clock.before.CPU + time.Duration(second), finding: stall.Finding{Class: stall.CPU}, stack: "main.total(...)\n"}
		s.ended.Store(3 * second)
		s.seen = stretch{began: second, usage: m.clock.before, before: m.clock.before, credited: second, rivals: -1}
		m.marked = s.seen
		if missed {
			l.odd(&news{step: s, elapsed: 2 * time.Second, ended: true, evidence: stall.Evidence{Elapsed: 2 * time.Second, CPU: time.Second}})
		} else {
			m.slow = s
		}
		m.stood(3*second, second)
		covered := m.settle()
		m.report(covered)
		m.goesOn(covered)
		m.report(m.settle())
		l.watch.close()
		l.watch.wait()
		if len(reports) != 1 || !strings.Contains(reports[0].Blame, "stood still for 1s of the time") {
			t.Errorf("missed by the monitor %v: reports %+v", missed, reports)
		}
	}
}
