package docs

import (
	"flag"
	"fmt"
	"html"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var updatePictures = flag.Bool("update-pictures", false, "draw the pictures of README.md again")

// The pictures of README.md are drawn from texts: the report from docs/images/stall.txt, the bars
// from the table of README.md. After a change of these: go test ./internal/test/docs -run
// TestPictures -update-pictures
func TestPictures(t *testing.T) {
	bars := figures(t, readDoc(t, "README.md"))
	for file, want := range map[string]string{
		"docs/images/stall.svg":   drawTerminal(readDoc(t, "docs/images/stall.txt")),
		"docs/images/figures.svg": drawBars(bars),
	} {
		if *updatePictures {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s is not drawn from the text as it is now (%v); draw it with -update-pictures", file, err)
		}
	}
}

// A bar is a row of the table of figures.
type bar struct {
	name  string
	ratio float64
}

func figures(t *testing.T, readme string) (bars []bar) {
	t.Helper()
	_, section, _ := strings.Cut(readme, "\n## Figures\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, row := range regexp.MustCompile(`(?m)^\| (.+?) \| ([0-9.]+) \|$`).FindAllStringSubmatch(section, -1) {
		ratio, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		bars = append(bars, bar{strings.ReplaceAll(row[1], "`", ""), ratio})
	}
	if len(bars) == 0 {
		t.Fatal("README.md has no table of figures")
	}
	return bars
}

const (
	fontSans = `font-family="Helvetica, Arial, sans-serif"`
	fontMono = `font-family="Menlo, Consolas, monospace"`
)

// drawBars draws a bar for each ratio, and a line at 1.
func drawBars(bars []bar) string {
	const left, unit, row, top = 360, 200, 22, 30
	var b strings.Builder
	height := top + len(bars)*row + 12
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="760" height="%d" viewBox="0 0 760 %d" role="img">`+"\n", height, height)
	fmt.Fprintf(&b, `<rect width="760" height="%d" fill="#ffffff"/>`+"\n", height)
	fmt.Fprintf(&b, `<text x="%d" y="18" %s font-size="12" fill="#444444" text-anchor="middle">1 = goroutines, package net</text>`+"\n", left+unit, fontSans)
	for i, r := range bars {
		y, color := top+i*row, "#2a7f62"
		if r.ratio > 1 {
			color = "#b3541e"
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" %s font-size="12" fill="#222222" text-anchor="end">%s</text>`+"\n", left-8, y+13, fontSans, html.EscapeString(r.name))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="14" fill="%s"/>`+"\n", left, y+2, int(r.ratio*unit), color)
		fmt.Fprintf(&b, `<text x="%d" y="%d" %s font-size="12" fill="#222222">%.2f</text>`+"\n", left+int(r.ratio*unit)+6, y+13, fontSans, r.ratio)
	}
	fmt.Fprintf(&b, `<line x1="%d" y1="24" x2="%d" y2="%d" stroke="#444444" stroke-dasharray="4 3"/>`+"\n</svg>\n", left+unit, left+unit, height-8)
	return b.String()
}

// drawTerminal draws lines of text as a terminal shows them. Lines are broken after columns.
func drawTerminal(text string) string {
	const columns, row, top, width = 112, 19, 26, 900
	var lines []string
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		line = strings.TrimRight(line, "\n")
		for len(line) > columns {
			cut := strings.LastIndexByte(line[:columns], ' ')
			lines = append(lines, line[:cut])
			line = "    " + line[cut+1:]
		}
		lines = append(lines, line)
	}
	var b strings.Builder
	height := top + len(lines)*row + 6
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#1e1e1e"/>`+"\n", width, height)
	for i, line := range lines {
		color := "#d4d4d4"
		if strings.HasPrefix(line, "$ ") {
			color = "#8fbf7f"
		}
		indent := len(line) - len(strings.TrimLeft(line, " "))
		fmt.Fprintf(&b, `<text x="%d" y="%d" %s font-size="13" fill="%s">%s</text>`+"\n", 16+indent*8, top+i*row, fontMono, color, html.EscapeString(strings.TrimLeft(line, " ")))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
