package main

import (
	"strings"
	"sync/atomic"
	"time"
)

// A lane is the picture of a trace: a row of cells. A cell is an interval of time. It shows a tick,
// or else whether the computation was running.
//
// The painter appends cells while the experiment runs. It never changes a cell, so that the output
// is the same in a terminal and in a pipe.

// A scale maps time to cells.
type scale struct {
	cell  time.Duration // the duration of a cell
	width int           // the number of cells on a line
}

// newScale returns a scale with which an experiment of about total has at most width cells. A cell
// is a quarter of the interval times a power of two, so that a steady heartbeat has a regular
// pattern.
func newScale(interval, total time.Duration, width int) scale {
	total += total / 10 // the estimate is often too short
	cell := max(interval/4, 1)
	for total > cell*time.Duration(width) {
		cell *= 2
	}
	return scale{cell, width}
}

// A lanePainter draws a lane while its trace grows.
type lanePainter struct {
	screen *screen
	scale  scale
	indent int // of continuation lines
	drawn  int // the number of cells

	note atomic.Pointer[string] // to print between two cells
}

// say makes the painter print a text below the lane. The lane then continues below the text. say may
// be called from any goroutine. A later text replaces one that is not printed yet.
func (p *lanePainter) say(text string) { p.note.Store(&text) }

// printNote prints the text of say.
func (p *lanePainter) printNote() {
	text := p.note.Swap(nil)
	if text == nil {
		return
	}
	p.screen.line("")
	for line := range strings.Lines(*text) {
		p.screen.hanging("  ", yellow, strings.TrimSuffix(line, "\n"))
	}
	p.screen.write(strings.Repeat(" ", p.indent+p.drawn%p.scale.width))
}

// advance draws the cells that end before the end of t. If last is set, it also draws the
// incomplete cell.
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
	// With one write a terminal shows all cells at once.
	p.screen.write(b.String())
}

// cell returns the cell between two instants.
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

// tickIn reports whether a tick happened at or after from and before to.
func (t trace) tickIn(from, to time.Duration) bool {
	for i := len(t.ticks) - 1; i >= 0 && t.ticks[i] >= from; i-- {
		if t.ticks[i] < to {
			return true
		}
	}
	return false
}

// busyIn reports whether the computation ran between from and to.
func (t trace) busyIn(from, to time.Duration) bool {
	return t.begun && t.from < to && (!t.over || t.to > from)
}

// follow draws the lane of a running experiment in another goroutine, which a blocked loop does not
// stop. stop draws the rest and ends the goroutine.
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
				p.printNote()
			}
		}
	}()
	return func() {
		close(quit)
		<-done
		p.printNote()
		p.advance(rec.snapshot(), true)
	}
}

// rulerSteps are the possible distances of two marks of the ruler.
var rulerSteps = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 20 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
}

// ruler returns the line above the lanes with the times of the cells.
func (sc scale) ruler(total time.Duration) string {
	const markWidth = 8 // of a mark and the space after it
	step := rulerStep(sc.cell * markWidth)
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

// rulerStep returns the shortest of rulerSteps that is at least shortest.
func rulerStep(shortest time.Duration) time.Duration {
	for _, step := range rulerSteps {
		if step >= shortest {
			return step
		}
	}
	return rulerSteps[len(rulerSteps)-1]
}

// rulerMark returns the mark of an instant.
func rulerMark(at time.Duration) string {
	if at == 0 {
		return "0 s"
	}
	return rough(at)
}
