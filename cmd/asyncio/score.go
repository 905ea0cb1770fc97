package main

import (
	"slices"
	"time"
)

// A score is the evaluation of a trace.
type score struct {
	computing time.Duration // from the beginning of the first computation to the end of the last one
	worstGap  time.Duration // the longest time without a tick
	expected  int           // ticks that were due
	received  int           // ticks that happened
	sums      []int64
	asked     int             // requests of the client
	timedOut  int             // requests without a response in time
	late      []time.Duration // the sorted delays of the ticks during the computation
}

// score evaluates a trace with a heartbeat of that interval.
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
	lost     int // ticks that were due in the gap
}

func (g gap) length() time.Duration { return g.to - g.from }

// gaps returns the times without a tick.
//
// A tick is lost if it is more than half an interval late. Each tick is due one interval after the
// one before it. So a heartbeat that is a little late each time has lost no tick.
func (t trace) gaps(interval time.Duration) []gap {
	var gaps []gap
	last := -interval // the first tick is due at the beginning
	for _, tick := range append(slices.Clip(t.ticks), t.end) {
		gaps = append(gaps, gap{max(last, 0), tick, lost(tick-last, interval)})
		last = tick
	}
	return gaps
}

// lost returns the number of ticks that were due in a gap.
func lost(gap, interval time.Duration) int {
	return int((gap - interval/2) / interval)
}
