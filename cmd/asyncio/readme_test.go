package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The picture in README.md is what the demo prints, but for what differs from machine to
// machine: the columns, a lane and a row for each remedy, in order, and its verdict.
func TestREADMEShowsTheOutput(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, picture, ok := strings.Cut(string(readme), "```text\n")
	picture, _, closed := strings.Cut(picture, "```\n")
	if !ok || !closed {
		t.Fatal("README.md has no picture")
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
		t.Errorf("the demo prints nothing such as\n%s\nbut\n%s", picture, want)
	}
}

var columns = regexp.MustCompile(`(?m)^remedy .*\n`)
