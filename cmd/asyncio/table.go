package main

import "strings"

// A table has rows of short cells under a heading. Each row has a remark.
type table struct {
	head []string
	rows []row
}

// A row is a line of a table.
type row struct {
	cells  []string
	remark string
	mood   style // of the remark
}

// columnGap is the space between two columns.
const columnGap = 2

// print writes the table in aligned columns, and the remark of each row on another line. On a
// narrow screen it writes each cell on another line.
func (t table) print(s *screen) {
	widths := t.widths()
	total := -columnGap
	for _, w := range widths {
		total += w + columnGap
	}
	if total > s.width {
		t.printStacked(s)
		return
	}
	s.line(s.paint(bold, aligned(t.head, widths)))
	s.line(s.paint(faint, strings.Repeat("-", total)))
	for _, r := range t.rows {
		s.line(aligned(r.cells, widths))
		s.hanging("  ", r.mood, r.remark)
	}
}

// printStacked writes each row as a list of its cells with their headings.
func (t table) printStacked(s *screen) {
	label := 0
	for _, h := range t.head {
		label = max(label, runes(h))
	}
	for _, r := range t.rows {
		s.line(s.paint(bold, r.cells[0]))
		for i := 1; i < len(r.cells); i++ {
			s.line("  " + t.head[i] + strings.Repeat(" ", label-runes(t.head[i])+columnGap) + r.cells[i])
		}
		s.hanging("  ", r.mood, r.remark)
	}
}

// widths returns the width of each column.
func (t table) widths() []int {
	widths := make([]int, len(t.head))
	for i, h := range t.head {
		widths[i] = runes(h)
		for _, r := range t.rows {
			widths[i] = max(widths[i], runes(r.cells[i]))
		}
	}
	return widths
}

// aligned joins cells into a line. The first cell is a name, aligned to the left. The others are
// numbers, aligned to the right.
func aligned(cells []string, widths []int) string {
	var b strings.Builder
	for i, c := range cells {
		fill := strings.Repeat(" ", widths[i]-runes(c))
		if i == 0 {
			b.WriteString(c + fill)
			continue
		}
		b.WriteString(strings.Repeat(" ", columnGap) + fill + c)
	}
	return b.String()
}
