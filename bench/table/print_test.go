package main

import (
	"strings"
	"testing"
)

func TestPrintTable(t *testing.T) {
	some := []row{
		{"yield, 1 task", "Yield1", "ns/op", "ns", 1, []string{ours, "goroutine", "floor"}, []target{{"goroutine", 0.6}}},
		{"wake, p50", "Wake", "p50-ns", "us", 1e-3, []string{ours, "goroutine"}, []target{{"", 5}, {"goroutine", 1}}},
		{"check", "Check", "ns/check", "ns", 1, []string{ours}, nil},
	}
	m := newMeasurements()
	m.cpu, m.procs = "Some Processor", 2
	m.figures = map[figureKey][]float64{
		{"Yield1", ours, "ns/op"}:        {40, 50, 60},
		{"Yield1", "goroutine", "ns/op"}: {100, 100, 100},
		{"Yield1", "floor", "ns/op"}:     {30, 30, 30},
		{"Wake", ours, "p50-ns"}:         {7000, 7000, 7000},
		{"Wake", "goroutine", "p50-ns"}:  {28000, 28000, 28000},
		{"Check", ours, "ns/check"}:      {2, 2, 2},
	}
	var out strings.Builder
	if err := printTable(&out, some, m, 3); err != nil {
		t.Fatal(err)
	}
	where, table, _ := strings.Cut(out.String(), "\n\n")
	if want := "Some Processor, GOMAXPROCS 2, "; !strings.HasPrefix(where, want) {
		t.Errorf("the first line is %q, want it to begin with %q", where, want)
	}
	if want := "medians of 3"; !strings.Contains(where, want) {
		t.Errorf("the first line is %q, want %q in it", where, want)
	}
	want := `
| row           | unit | asyncio  | goroutine | floor    | asyncio/best | target                | reached |
|---------------|------|----------|-----------|----------|--------------|-----------------------|---------|
| yield, 1 task | ns   | 50.0 ±10% | 100 ±0%   | 30.0 ±0% | 0.50         | <= 0.6x goroutine     | yes     |
| wake, p50     | us   | 7.00 ±0% | 28.0 ±0%  |          | 0.25         | <= 5, <= 1x goroutine | no      |
| check         | ns   | 2.00 ±0% |           |          |              |                       |         |
`
	// Width is a matter of taste; the cells are what counts.
	if got, want := squeeze(table), squeeze(want); got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
	widths := make(map[int]bool)
	for line := range strings.Lines(strings.TrimSpace(table)) {
		widths[len([]rune(strings.TrimRight(line, "\n")))] = true
	}
	if len(widths) != 1 {
		t.Errorf("the lines of the table differ in length:\n%s", table)
	}
}

// squeeze leaves one space of any number, and one dash.
func squeeze(table string) string {
	for strings.Contains(table, "--") {
		table = strings.ReplaceAll(table, "--", "-")
	}
	var lines []string
	for line := range strings.Lines(table) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
