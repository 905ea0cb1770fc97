package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"
)

// The page says in one file what the screen says, with the lanes drawn to scale.
// It loads nothing and runs nothing: it can be kept, sent and read anywhere.
//
//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// pageData are the values of the template, which escapes them.
type pageData struct {
	Version  string
	Measured string // the date of the measurement
	Facts    []fact
	Timeline timeline
	Tables   []pageTable
	Logged   []string
	Notes    []string
}

type fact struct{ Name, Value string }

// A pageTable is a table with the text before and after it.
type pageTable struct {
	Title, Note string
	Head        []string
	Rows        []pageRow
}

type pageRow struct {
	Cells        []string
	Remark, Mood string
}

// writePage writes the page to w.
func writePage(w io.Writer, sum summary, now time.Time) error {
	e := sum.experiment
	data := pageData{
		Version:  versionLine(),
		Measured: now.UTC().Format("2 January 2006, 15:04 UTC"),
		Facts: []fact{
			{"processors", fmt.Sprint(sum.processors)},
			{"computations at once", fmt.Sprint(e.jobs)},
			{"iterations of each", thousands(e.n)},
			{"a tick every", rough(e.interval)},
		},
		Timeline: newTimeline(e, sum.results),
		Tables:   []pageTable{newPageTable("What was measured", sum.table(), "")},
		Logged:   sum.logged(),
		Notes:    sum.notes(),
	}
	for _, r := range sum.results {
		data.Facts = append(data.Facts, fact{r.remedy.name, r.remedy.how})
	}
	if sum.crowded() {
		data.Tables = append(data.Tables, newPageTable(sum.crowdTitle(), sum.crowdTable(), crowdNote))
	}
	return pageTemplate.Execute(w, data)
}

// moods are the CSS classes of styles.
var moods = map[style]string{green: "good", yellow: "fair", red: "bad"}

func newPageTable(title string, t table, note string) pageTable {
	p := pageTable{Title: title, Note: note, Head: t.head}
	for _, r := range t.rows {
		p.Rows = append(p.Rows, pageRow{r.cells, r.remark, moods[r.mood]})
	}
	return p
}
