package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A timeline is the picture of all lanes on the page. It has the traces of the screen, to scale.
// Its numbers are units of the picture.
type timeline struct {
	Width, Height int
	Bar           int // the height of a lane
	Marks         []timelineMark
	Lanes         []timelineLane
}

// A timelineMark is an instant on the axis above the lanes.
type timelineMark struct {
	X    string
	Text string
}

// A timelineLane is the run of one remedy. Busy, Gaps and Ticks are data of SVG paths, so that a
// lane with many ticks is one element.
type timelineLane struct {
	Name, Score       string
	TextY, Top        int
	Width             string
	Busy, Gaps, Ticks string
	Labels            []timelineLabel
}

// A timelineLabel is the length of a gap, in its middle.
type timelineLabel struct {
	X    string
	Y    int
	Text string
}

// The sizes of the picture. It has the width of the text of the page, and is never scaled down, so
// that its labels stay readable.
const (
	timelineWidth = 960
	axisHeight    = 28
	laneText      = 20 // the height of the name above the lane
	laneBar       = 28
	busyStrip     = 5 // below the lane, where no gap hides it
	laneHeight    = laneText + laneBar + busyStrip + 9
	markRoom      = 90 // the minimum width of a mark of the axis
	labelRoom     = 56 // the minimum width of a gap with a label
)

// newTimeline draws the results.
func newTimeline(e experiment, results []result) timeline {
	total := time.Duration(1)
	for _, r := range results {
		total = max(total, r.trace.end)
	}
	p := projection{float64(timelineWidth) / float64(total)}
	tl := timeline{Width: timelineWidth, Height: axisHeight + len(results)*laneHeight, Bar: laneBar}
	step := rulerStep(total * markRoom / timelineWidth)
	for at := time.Duration(0); at <= total-total*markRoom/2/timelineWidth; at += step {
		tl.Marks = append(tl.Marks, timelineMark{p.x(at), rulerMark(at)})
	}
	for i, r := range results {
		top := axisHeight + i*laneHeight + laneText
		tl.Lanes = append(tl.Lanes, p.lane(e, r, top))
	}
	return tl
}

// A projection maps time to a horizontal position.
type projection struct{ perNanosecond float64 }

// x returns the position of an instant, to a tenth of a unit.
func (p projection) x(t time.Duration) string {
	return fmt.Sprintf("%g", math.Round(float64(t)*p.perNanosecond*10)/10)
}

func (p projection) lane(e experiment, r result, top int) timelineLane {
	t := r.trace
	l := timelineLane{
		Name:  r.remedy.name,
		Score: fmt.Sprintf("%d of %d ticks, worst gap %s", r.score.received, r.score.expected, readable(r.score.worstGap)),
		TextY: top - 6,
		Top:   top,
		Width: p.x(t.end),
	}
	if t.begun {
		to := t.end
		if t.over {
			to = t.to
		}
		l.Busy = p.box(t.from, to, top, laneBar+busyStrip)
	}
	var gaps, ticks strings.Builder
	for _, g := range t.gaps(e.interval) {
		if g.lost == 0 {
			continue
		}
		gaps.WriteString(p.box(g.from, g.to, top, laneBar))
		if float64(g.length())*p.perNanosecond >= labelRoom {
			l.Labels = append(l.Labels, timelineLabel{p.x((g.from + g.to) / 2), top + laneBar/2 + 5, readable(g.length())})
		}
	}
	before := ""
	for _, tick := range t.ticks {
		if x := p.x(tick); x != before { // ticks at the same position are drawn once
			fmt.Fprintf(&ticks, "M%s %dv%d", x, top, laneBar)
			before = x
		}
	}
	l.Gaps, l.Ticks = gaps.String(), ticks.String()
	return l
}

// box returns the path of a rectangle for an interval of time.
func (p projection) box(from, to time.Duration, top, height int) string {
	return fmt.Sprintf("M%s %dH%sv%dH%sz", p.x(from), top, p.x(to), height, p.x(from))
}
