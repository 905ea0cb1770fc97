package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestREADMEShowsTheOutput: README.md shows the output of the demo, with the columns, lanes, rows and verdicts.
// The numbers differ from machine to machine.
func TestREADMEShowsTheOutput(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, picture, ok := strings.Cut(string(readme), "```text\n")
	picture, _, closed := strings.Cut(picture, "```\n")
	if !ok || !closed {
		t.Fatal("README.md has no output of the demo")
	}
	output, err := os.ReadFile("testdata/demo.txt")
	if err != nil {
		t.Fatal(err)
	}
	lane, row := ` +[|.#]{20,}  \d+/\d+\n`, ` +[\d.]+ m?s +(-|[+-]\d+%) +\d+/\d+ +[\d.]+ m?s +\d+/\d+ +[\d,]+\n`
	want := ` +0 s( +\d+ s)+\n`
	for _, r := range remedies {
		want += regexp.QuoteMeta(r.name) + lane
	}
	want += `\n` + strings.Join(strings.Fields(columns.FindString(string(output))), " +") + `\n-+\n`
	for _, r := range remedies {
		want += regexp.QuoteMeta(r.name) + row
		if r.name == "none" {
			want += `  blocks the loop: not one tick for [\d.]+ s, \d+ ticks lost\n`
		} else {
			want += "  " + regexp.QuoteMeta(r.verdict) + `\n`
		}
	}
	if !regexp.MustCompile(`^` + want + `$`).MatchString(picture) {
		t.Errorf("README.md shows\n%s\nwant\n%s", picture, want)
	}
}

var columns = regexp.MustCompile(`(?m)^remedy .*\n`)
