package main

import (
	"strings"
	"testing"
	"time"
)

// sampleResult is the result of a heartbeat that was blocked from 1 s to 2 s.
func sampleResult() (experiment, result) {
	e := experiment{n: 1000, jobs: 1, interval: 500 * time.Millisecond}
	t := sampleTrace()
	t.sums = []int64{closedSum(e.n)}
	return e, result{remedy{name: "none"}, t, t.score(e.interval), nil}
}

func TestTimeline(t *testing.T) {
	e, r := sampleResult()
	tl := newTimeline(e, []result{r, r})
	if tl.Width != 960 || tl.Height != 28+2*62 || len(tl.Lanes) != 2 {
		t.Fatalf("the picture is %d by %d with %d lanes", tl.Width, tl.Height, len(tl.Lanes))
	}
	var marks []string
	for _, m := range tl.Marks {
		marks = append(marks, m.X+"="+m.Text)
	}
	if got, want := strings.Join(marks, " "), "0=0 s 160=500 ms 320=1 s 480=1.5 s 640=2 s 800=2.5 s"; got != want {
		t.Errorf("marks %s, want %s", got, want)
	}
	l := tl.Lanes[1] // 62 below the first, whose bar begins at 48
	for _, c := range [][2]string{
		{l.Busy, "M320 110H640v33H320z"},
		{l.Gaps, "M160 110H640v28H160z"},
		{l.Ticks, "M0 110v28M160 110v28M640 110v28M800 110v28"},
		{l.Score, "4 of 6 ticks, worst gap 1.50 s"},
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
	if len(l.Labels) != 1 || l.Labels[0].X != "400" || l.Labels[0].Text != "1.50 s" {
		t.Errorf("labels %v", l.Labels)
	}
}

// TestTimeline_ManyTicks: a lane with very many ticks stays small.
func TestTimeline_ManyTicks(t *testing.T) {
	e := experiment{n: 1, jobs: 1, interval: time.Millisecond}
	tr := trace{end: 100_000 * time.Millisecond}
	for at := time.Duration(0); at < tr.end; at += e.interval {
		tr.ticks = append(tr.ticks, at)
	}
	tl := newTimeline(e, []result{{remedy{}, tr, tr.score(e.interval), nil}})
	if n := strings.Count(tl.Lanes[0].Ticks, "M"); n != 9601 {
		t.Errorf("%d ticks are drawn, want 9601, one for each tenth of a unit", n)
	}
	if len(tl.Marks) > 11 {
		t.Errorf("%d marks on the axis", len(tl.Marks))
	}
}

// TestTimeline_ShortTraces: an incomplete and an empty trace have a picture.
func TestTimeline_ShortTraces(t *testing.T) {
	e := experiment{n: 1, jobs: 1, interval: time.Second}
	for _, tr := range []trace{{}, {ticks: ms(0), begun: true, from: time.Second, end: 2 * time.Second}} {
		l := newTimeline(e, []result{{remedy{}, tr, tr.score(e.interval), nil}}).Lanes[0]
		if tr.begun && l.Busy != "M480 48H960v33H480z" || !tr.begun && l.Busy != "" {
			t.Errorf("the computation is drawn as %q", l.Busy)
		}
	}
}
