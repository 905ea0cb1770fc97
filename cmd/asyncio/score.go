package main

import "time"

// A score is what a trace comes to.
type score struct {
	computing time.Duration // from the first computation's begin to the last one's end
	worstGap  time.Duration // the longest time without a tick
	expected  int           // ticks that were due
	received  int           // ticks that came
	sums      []int64
}

// score counts the ticks of a trace whose heartbeat beats at interval.
//
// A tick is lost where it is more than half an interval overdue. Each is due one
// interval after the one before it, not at a fixed instant: a heartbeat that
// comes a little late each time, as every real one does, has lost nothing.
func (t trace) score(interval time.Duration) score {
	s := score{received: len(t.ticks), expected: len(t.ticks), sums: t.sums}
	if t.over {
		s.computing = t.to - t.from
	}
	last := -interval // the first tick is due at the beginning
	for _, tick := range t.ticks {
		s.expected += lost(tick-last, interval)
		s.worstGap = max(s.worstGap, tick-max(last, 0))
		last = tick
	}
	s.expected += lost(t.end-last, interval)
	s.worstGap = max(s.worstGap, t.end-max(last, 0))
	return s
}

// lost is the number of ticks that should have come in a gap between two.
func lost(gap, interval time.Duration) int {
	return int((gap - interval/2) / interval)
}
