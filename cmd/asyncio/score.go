package main

import (
	"slices"
	"time"
)

// A score is what a trace comes to.
type score struct {
	computing time.Duration // from the first computation's begin to the last one's end
	worstGap  time.Duration // the longest time without a tick
	expected  int           // ticks that were due
	received  int           // ticks that came
	sums      []int64
	asked     int             // what the client asked
	timedOut  int             // of that, what was not answered in time
	late      []time.Duration // how late the ticks were while something was computed, sorted
}

// score counts the ticks of a trace whose heartbeat beats at interval.
func (t trace) score(interval time.Duration) score {
	s := score{received: len(t.ticks), expected: len(t.ticks), sums: t.sums, asked: t.asked, timedOut: t.unanswered}
	if t.over {
		s.computing = t.to - t.from
	}
	for _, gap := range t.gaps(interval) {
		s.expected += gap.lost
		s.worstGap = max(s.worstGap, gap.length())
		if t.busyIn(gap.from, gap.to) {
			s.late = append(s.late, max(0, gap.length()-interval))
		}
	}
	slices.Sort(s.late)
	return s
}

// A gap is the time between two ticks, or between one and an end of the trace.
type gap struct {
	from, to time.Duration
	lost     int // ticks that should have come in it
}

func (g gap) length() time.Duration { return g.to - g.from }

// gaps returns the times without a tick.
//
// A tick is lost where it is more than half an interval overdue. Each is due one
// interval after the one before it, not at a fixed instant: a heartbeat that
// comes a little late each time, as every real one does, has lost nothing.
func (t trace) gaps(interval time.Duration) []gap {
	var gaps []gap
	last := -interval // the first tick is due at the beginning
	for _, tick := range append(slices.Clip(t.ticks), t.end) {
		gaps = append(gaps, gap{max(last, 0), tick, lost(tick-last, interval)})
		last = tick
	}
	return gaps
}

// lost is the number of ticks that should have come in a gap between two.
func lost(gap, interval time.Duration) int {
	return int((gap - interval/2) / interval)
}
