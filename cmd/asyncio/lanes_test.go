package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// sampleTrace is a heartbeat every 500 ms that was blocked from 1 s to 2 s.
func sampleTrace() trace {
	return trace{
		ticks: ms(0, 500, 2000, 2500),
		begun: true, from: time.Second,
		over: true, to: 2 * time.Second,
		end: 3 * time.Second,
	}
}

// upTo returns the trace up to an earlier instant.
func (t trace) upTo(now time.Duration) trace {
	t.ticks = slices.DeleteFunc(slices.Clone(t.ticks), func(d time.Duration) bool { return d >= now })
	t.begun = t.begun && t.from < now
	t.over = t.over && t.to < now
	t.end = min(t.end, now)
	return t
}

// lane returns the lane of a trace.
func lane(t trace, cell time.Duration, width, indent int) string {
	var out bytes.Buffer
	p := &lanePainter{screen: &screen{w: &out, marks: asciiMarks}, scale: scale{cell, width}, indent: indent}
	p.advance(t, true)
	return out.String()
}

func TestLane(t *testing.T) {
	for _, c := range []struct {
		name  string
		trace trace
		cell  int
		width int
		want  string
	}{
		{"a gap", sampleTrace(), 125, 80, "|...|...########|...|..."},
		{"wide cells", sampleTrace(), 500, 80, "||##||"},
		{"an unfinished cell", trace{ticks: ms(0), end: 130 * time.Millisecond}, 125, 80, "|."},
		{"wrapped", sampleTrace(), 125, 10, "|...|...##\n  ######|...\n  |..."},
		{"ticks while computing", trace{ticks: ms(0, 500), begun: true, from: 1, end: time.Second}, 125, 80, "|###|###"},
		{"nothing yet", trace{}, 125, 80, ""},
	} {
		if got := lane(c.trace, ms(c.cell)[0], c.width, 2); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.name, got, c.want)
		}
	}
}

// TestLaneGrows: the lane does not depend on the times at which the painter draws.
func TestLaneGrows(t *testing.T) {
	full := sampleTrace()
	want := lane(full, 125*time.Millisecond, 10, 2)
	for _, step := range ms(1, 60, 125, 333, 1000, 5000) {
		var out bytes.Buffer
		p := &lanePainter{screen: &screen{w: &out, marks: asciiMarks}, scale: scale{125 * time.Millisecond, 10}, indent: 2}
		for at := step; at < full.end; at += step {
			p.advance(full.upTo(at), false)
			if !bytes.HasPrefix([]byte(want), out.Bytes()) {
				t.Fatalf("looking every %v, at %v: %q is no beginning of %q", step, at, out.String(), want)
			}
		}
		p.advance(full, true)
		if out.String() != want {
			t.Errorf("looking every %v: %q, want %q", step, out.String(), want)
		}
	}
}

func TestLaneInColour(t *testing.T) {
	var out bytes.Buffer
	p := &lanePainter{screen: &screen{w: &out, colour: true, marks: unicodeMarks}, scale: scale{500 * time.Millisecond, 80}}
	p.advance(trace{ticks: ms(0), begun: true, from: time.Second, end: 1500 * time.Millisecond}, true)
	if want := "\x1b[32m┃\x1b[0m\x1b[2m·\x1b[0m\x1b[31m░\x1b[0m"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		interval, total time.Duration
		width           int
		want            time.Duration
	}{
		{500 * time.Millisecond, 6 * time.Second, 60, 125 * time.Millisecond},
		{500 * time.Millisecond, 6 * time.Second, 52, 250 * time.Millisecond}, // room for a longer run
		{500 * time.Millisecond, 6 * time.Second, 30, 250 * time.Millisecond},
		{10 * time.Millisecond, 6 * time.Second, 60, 160 * time.Millisecond},
		{time.Millisecond, time.Hour, 64, 65536 * time.Millisecond},
		{time.Nanosecond, 4, 60, 1},
	} {
		if got := newScale(c.interval, c.total, c.width).cell; got != c.want {
			t.Errorf("interval %v, total %v, %d cells: cells of %v, want %v", c.interval, c.total, c.width, got, c.want)
		}
	}
}

func TestRuler(t *testing.T) {
	for _, c := range []struct {
		cell, total time.Duration
		want        string
	}{
		{125 * time.Millisecond, 3 * time.Second, "0 s     1 s     2 s     3 s"},
		{250 * time.Millisecond, 6 * time.Second, "0 s     2 s     4 s     6 s"},
		{time.Millisecond, 20 * time.Millisecond, "0 s       10 ms     20 ms"},
		{125 * time.Millisecond, time.Minute, "0 s     1 s     2 s     3 s     4 s"}, // no further than the lane
	} {
		if got := (scale{c.cell, 38}).ruler(c.total); got != c.want {
			t.Errorf("cells of %v, total %v: %q, want %q", c.cell, c.total, got, c.want)
		}
	}
}

// TestLane_Note: the lane continues below the note, in the same column.
func TestLane_Note(t *testing.T) {
	var b strings.Builder
	p := &lanePainter{screen: &screen{w: &b, width: 80, marks: asciiMarks}, scale: scale{time.Second, 40}, indent: 6}
	at := trace{begun: true, from: time.Second, end: 3 * time.Second}
	p.advance(at, false)
	p.say(stallText(asyncio.Stall{Class: asyncio.StallCPU, TaskName: "main", File: "/x/compute.go", Line: 17,
		Elapsed: 104 * time.Millisecond, Advice: "call asyncio.Checkpoint(ctx)"}))
	p.printNote()
	p.printNote()
	at.end = 5 * time.Second
	p.advance(at, true)
	want := ".##\n  stall watch, after 104 ms: cpu in task \"main\", at compute.go:17\n  advice: call asyncio.Checkpoint(ctx)\n         ##"
	if b.String() != want {
		t.Errorf("drawn:\n%s\nwant:\n%s", &b, want)
	}
}
