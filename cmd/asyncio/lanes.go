package main

import (
	"strings"
	"sync/atomic"
	"time"
)

// A lane is the picture of a trace: a row of cells, each a slice of time, that
// shows whether a tick came, and else whether the computation was running.
//
// Cells are only ever appended. The painter draws what is past while the
// experiment runs, and what it has drawn never changes: the live picture, the
// one in a pipe and the final one are the same text.

// A scale maps time to cells.
type scale struct {
	cell  time.Duration // the time that one cell stands for
	width int           // cells that fit on a line
}

// newScale fits an experiment of about total into width cells. A cell is a
// quarter of the interval, or twice that as often as need be, so that a steady
// heartbeat makes a regular pattern.
func newScale(interval, total time.Duration, width int) scale {
	total += total / 10 // estimates fall short more often than not
	cell := max(interval/4, 1)
	for total > cell*time.Duration(width) {
		cell *= 2
	}
	return scale{cell, width}
}

// lanePainter appends a lane to the screen as its trace grows.
type lanePainter struct {
	screen *screen
	scale  scale
	indent int // where continuation lines begin
	drawn  int // cells so far

	aside atomic.Pointer[string] // what is to be said between two cells
}

// say has a text written below what is drawn of the lane, which then goes on under
// where it was. From any goroutine; of several at once the last is said.
func (p *lanePainter) say(text string) { p.aside.Store(&text) }

// speak writes what say was given.
func (p *lanePainter) speak() {
	text := p.aside.Swap(nil)
	if text == nil {
		return
	}
	p.screen.line("")
	for line := range strings.Lines(*text) {
		p.screen.hanging("  ", yellow, strings.TrimSuffix(line, "\n"))
	}
	p.screen.write(strings.Repeat(" ", p.indent+p.drawn%p.scale.width))
}

// advance draws the cells that end within t; with last also the one that t only
// begins.
func (p *lanePainter) advance(t trace, last bool) {
	cells := int(t.end / p.scale.cell)
	if last && t.end%p.scale.cell > 0 {
		cells++
	}
	if cells <= p.drawn {
		return
	}
	var b strings.Builder
	for ; p.drawn < cells; p.drawn++ {
		if p.drawn > 0 && p.drawn%p.scale.width == 0 {
			b.WriteString("\n" + strings.Repeat(" ", p.indent))
		}
		from := time.Duration(p.drawn) * p.scale.cell
		b.WriteString(p.screen.cell(t, from, from+p.scale.cell))
	}
	// One write for all: a terminal shows it in one go.
	p.screen.write(b.String())
}

// cell draws what happened between two instants.
func (s *screen) cell(t trace, from, to time.Duration) string {
	switch {
	case t.tickIn(from, to):
		return s.paint(green, s.marks.tick)
	case t.busyIn(from, to):
		return s.paint(red, s.marks.busy)
	default:
		return s.paint(faint, s.marks.quiet)
	}
}

// tickIn tells whether a tick came at or after from and before to.
func (t trace) tickIn(from, to time.Duration) bool {
	for i := len(t.ticks) - 1; i >= 0 && t.ticks[i] >= from; i-- {
		if t.ticks[i] < to {
			return true
		}
	}
	return false
}

// busyIn tells whether the computation ran at any time between from and to.
func (t trace) busyIn(from, to time.Duration) bool {
	return t.begun && t.from < to && (!t.over || t.to > from)
}

// follow draws the lane of a running experiment until stop is called, which
// draws the rest. It works on a goroutine of its own, off the loop: on the loop
// it would stand still with it, and the gap would not be seen growing.
func (p *lanePainter) follow(rec *recorder) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(p.scale.cell)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
				p.advance(rec.snapshot(), false)
				p.speak()
			}
		}
	}()
	return func() {
		close(quit)
		<-done
		p.speak()
		p.advance(rec.snapshot(), true)
	}
}

// rulerSteps are the distances there may be between two marks of the ruler.
var rulerSteps = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 20 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
}

// ruler is the line above the lanes that says which cell is which time.
func (sc scale) ruler(total time.Duration) string {
	const room = 8 // for a mark and the space to the next
	step := rulerStep(sc.cell * room)
	var b strings.Builder
	for at := time.Duration(0); at <= total; at += step {
		column, mark := int(at/sc.cell), rulerMark(at)
		if column+len(mark) > sc.width {
			break
		}
		b.WriteString(strings.Repeat(" ", column-b.Len()))
		b.WriteString(mark)
	}
	return b.String()
}

// rulerStep is the shortest of rulerSteps that is no shorter than room.
func rulerStep(room time.Duration) time.Duration {
	for _, step := range rulerSteps {
		if step >= room {
			return step
		}
	}
	return rulerSteps[len(rulerSteps)-1]
}

// rulerMark writes an instant on a ruler.
func rulerMark(at time.Duration) string {
	if at == 0 {
		return "0 s"
	}
	return rough(at)
}
