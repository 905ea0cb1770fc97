package main

import (
	"slices"
	"testing"
	"time"
)

// ms returns durations of milliseconds.
func ms(values ...int) []time.Duration {
	out := make([]time.Duration, len(values))
	for i, v := range values {
		out[i] = time.Duration(v) * time.Millisecond
	}
	return out
}

func TestScore(t *testing.T) {
	for _, c := range []struct {
		name               string
		ticks              []time.Duration
		end                int
		expected, received int
		worst              int
	}{
		{"steady", ms(0, 500, 1000, 1500), 2000, 4, 4, 500},
		{"blocked for two seconds", ms(0, 500, 1000, 1500, 4000, 4500, 5000, 5500), 6000, 12, 8, 2500},
		{"a little late each time", ms(1, 503, 1005, 1507, 2009), 2500, 5, 5, 502},
		{"late by less than half an interval", ms(0, 740), 1200, 2, 2, 740},
		{"late by half an interval", ms(0, 750), 1200, 3, 2, 750},
		{"blocked at the end", ms(0, 500), 3000, 6, 2, 2500},
		{"blocked at the beginning", ms(2000, 2500), 3000, 6, 2, 2000},
		{"never a tick", nil, 2000, 4, 0, 2000},
		{"a tick races with the end", ms(0, 500, 1000), 1000, 3, 3, 500},
	} {
		tr := trace{ticks: c.ticks, end: ms(c.end)[0]}
		got := tr.score(500 * time.Millisecond)
		if got.expected != c.expected || got.received != c.received || got.worstGap != ms(c.worst)[0] {
			t.Errorf("%s: expected %d, received %d, worst gap %v; want %d, %d, %d ms",
				c.name, got.expected, got.received, got.worstGap, c.expected, c.received, c.worst)
		}
	}
}

func TestScoreOfTheComputation(t *testing.T) {
	tr := trace{begun: true, from: 2 * time.Second, over: true, to: 5 * time.Second, sums: []int64{1, 2}, end: 7 * time.Second}
	if s := tr.score(time.Second); s.computing != 3*time.Second || len(s.sums) != 2 {
		t.Errorf("computing %v, sums %v", s.computing, s.sums)
	}
	tr.over = false
	if s := tr.score(time.Second); s.computing != 0 {
		t.Errorf("a computation that is not over took %v", s.computing)
	}
}

// TestScoreOfLateness: delays count during the computation only.
func TestScoreOfLateness(t *testing.T) {
	tr := trace{
		ticks: ms(0, 900, 1000, 1500, 2300, 2700, 3700), // the second is late, but nothing was computed yet
		begun: true, from: 1100 * time.Millisecond,
		over: true, to: 2600 * time.Millisecond,
		end: 4 * time.Second,
	}
	if got, want := tr.score(500*time.Millisecond).late, ms(0, 0, 300); !slices.Equal(got, want) {
		t.Errorf("late by %v, want %v", got, want)
	}
	tr.begun, tr.over = false, false
	if got := tr.score(500 * time.Millisecond).late; len(got) > 0 {
		t.Errorf("late by %v without a computation", got)
	}
}

// TestGaps: the gaps cover the trace, and gaps does not change it.
func TestGaps(t *testing.T) {
	ticks := append(make([]time.Duration, 0, 10), ms(0, 500, 2000)...)
	tr := trace{ticks: ticks, end: ms(2100)[0]}
	want := []gap{{0, 0, 0}, {0, ms(500)[0], 0}, {ms(500)[0], ms(2000)[0], 2}, {ms(2000)[0], ms(2100)[0], 0}}
	if got := tr.gaps(500 * time.Millisecond); !slices.Equal(got, want) {
		t.Errorf("gaps %v, want %v", got, want)
	}
	if beyond := ticks[:4][3]; beyond != 0 {
		t.Errorf("the end of the trace was written behind its ticks: %v", beyond)
	}
}
