package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"unicode/utf8"
)

// columns is every contender there is, in the order of the table.
var columns = []string{ours, "goroutine", "thread", "errgroup", "conc", "socket", python, "floor"}

// printTable writes the table of rows as Markdown that can also be read as it
// stands, under a line that says where it was measured.
func printTable(w io.Writer, rows []row, m *measurements, count int) error {
	shown := usedColumns(rows)
	header := append([]string{"row", "unit"}, shown...)
	header = append(header, "asyncio/best", "target", "reached")
	lines := [][]string{header}
	for _, r := range rows {
		lines = append(lines, line(r, m, shown))
	}
	var text strings.Builder
	cpu := m.cpu
	if cpu == "" {
		cpu = "processor unknown"
	}
	fmt.Fprintf(&text, "%s, GOMAXPROCS %d, %s %s/%s; medians of %d, and how far the quartiles lie from them\n\n",
		cpu, m.procs, runtime.Version(), runtime.GOOS, runtime.GOARCH, count)
	align(&text, lines)
	_, err := io.WriteString(w, text.String())
	return err
}

func usedColumns(rows []row) []string {
	used := make(map[string]bool)
	for _, r := range rows {
		for _, c := range r.contenders {
			used[c] = true
		}
	}
	var shown []string
	for _, c := range columns {
		if used[c] {
			shown = append(shown, c)
		}
	}
	return shown
}

// line is the cells of r.
func line(r row, m *measurements, shown []string) []string {
	figures := make(map[string][]float64)
	for _, c := range r.contenders {
		figures[c] = m.of(r, c)
	}
	cells := []string{r.name, r.unit}
	for _, c := range shown {
		cell := ""
		if xs := figures[c]; len(xs) > 0 {
			s := summarise(xs)
			cell = fmt.Sprintf("%s ±%.0f%%", short(s.median), 100*s.spread())
		}
		cells = append(cells, cell)
	}
	ratio := ""
	if best := bestPeer(figures); best != "" {
		ratio = short(summarise(ratios(figures[ours], figures[best])).median)
	}
	var targets []string
	for _, t := range r.targets {
		targets = append(targets, t.String())
	}
	reached := ""
	if len(r.targets) > 0 {
		reached = judgeAll(r.targets, figures).String()
	}
	return append(cells, ratio, strings.Join(targets, ", "), reached)
}

// short gives three digits, which is more than the spread deserves.
func short(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// align writes lines, the first of which is the header, with columns of even
// width.
func align(w *strings.Builder, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, cells := range lines {
		for i, c := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for n, cells := range lines {
		for i, c := range cells {
			fmt.Fprintf(w, "| %s%s ", c, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)))
		}
		w.WriteString("|\n")
		if n == 0 {
			for _, width := range widths {
				w.WriteString("|" + strings.Repeat("-", width+2))
			}
			w.WriteString("|\n")
		}
	}
}
