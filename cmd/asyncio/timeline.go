package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A timeline is the picture of all lanes on the page: the same traces as on the
// screen, to scale instead of in cells. Its numbers are units of the picture.
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

// A timelineLane is one remedy's run. Busy, Gaps and Ticks are the data of SVG
// paths: a lane of many thousand ticks is still one element.
type timelineLane struct {
	Name, Score       string
	TextY, Top        int
	Width             string
	Busy, Gaps, Ticks string
	Labels            []timelineLabel
}

// A timelineLabel says how long a gap was, in its middle.
type timelineLabel struct {
	X    string
	Y    int
	Text string
}

// The measures of the picture. It is as wide as a page of text and is never
// scaled below that, so that its words stay as large as the others.
const (
	timelineWidth = 960
	axisHeight    = 28
	laneText      = 20 // for the lane's name, above it
	laneBar       = 28
	busyStrip     = 5 // below the lane, where no gap hides it
	laneHeight    = laneText + laneBar + busyStrip + 9
	markRoom      = 90 // that a mark of the axis needs
	labelRoom     = 56 // that a gap needs to have its length written into it
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

// A projection maps time to the horizontal.
type projection struct{ perNanosecond float64 }

// x writes where an instant lies, to a tenth of a unit: nobody sees finer.
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
		if x := p.x(tick); x != before { // ticks that lie on one another are drawn once
			fmt.Fprintf(&ticks, "M%s %dv%d", x, top, laneBar)
			before = x
		}
	}
	l.Gaps, l.Ticks = gaps.String(), ticks.String()
	return l
}

// box is the path around a stretch of time, from top downwards.
func (p projection) box(from, to time.Duration, top, height int) string {
	return fmt.Sprintf("M%s %dH%sv%dH%sz", p.x(from), top, p.x(to), height, p.x(from))
}
