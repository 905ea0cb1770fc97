package main

import (
	_ "embed"
	"strings"
)

// programSource is the text of programs.go. The demonstration prints excerpts of it, so the printed
// code is the code that runs.
//
//go:embed programs.go
var programSource string

// excerpt returns the lines of source between the comments "show: name" and
// "end", without their common indentation. Several such places are joined.
func excerpt(source, name string) []string {
	var lines, part []string
	inside := false
	for line := range strings.Lines(source) {
		line = strings.TrimRight(line, "\r\n")
		switch mark := strings.TrimSpace(line); {
		case mark == "// show: "+name:
			inside = true
		case mark == "// end" && inside:
			lines = append(lines, dedent(part)...)
			inside, part = false, nil
		case inside:
			part = append(part, line)
		}
	}
	return lines
}

// dedent removes the tabs that all lines begin with, and replaces the other ones by four spaces.
func dedent(lines []string) []string {
	depth := func(line string) int { return len(line) - len(strings.TrimLeft(line, "\t")) }
	common := -1
	for _, line := range lines {
		if d := depth(line); line != "" && (common < 0 || d < common) {
			common = d
		}
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		if line != "" {
			d := depth(line)
			out[i] = strings.Repeat("    ", d-common) + line[d:]
		}
	}
	return out
}
