package main

import (
	"slices"
	"strings"
	"testing"
)

func TestExcerpt(t *testing.T) {
	source := "func f() {\n\t// show: one\n\ta()\n\n\tif b {\n\t\tc()\n\t}\n\t// end\n\td()\n\t// show: two\n\te()\n\t// end\n\t\t// show: one\n\t\tlast()\n\t\t// end\n}\n"
	for name, want := range map[string][]string{
		"one":  {"a()", "", "if b {", "    c()", "}", "last()"},
		"two":  {"e()"},
		"none": nil,
	} {
		if got := excerpt(source, name); !slices.Equal(got, want) {
			t.Errorf("excerpt %q = %q, want %q", name, got, want)
		}
		if got := excerpt(strings.ReplaceAll(source, "\n", "\r\n"), name); !slices.Equal(got, want) {
			t.Errorf("excerpt %q of a source with CRLF = %q, want %q", name, got, want)
		}
	}
}

// TestConceptsHaveExcerpts: each concept has a short excerpt that fits on a screen.
func TestConceptsHaveExcerpts(t *testing.T) {
	for _, c := range concepts {
		lines := excerpt(programSource, c.name)
		if len(lines) == 0 || len(lines) > 20 {
			t.Errorf("concept %q shows %d lines, want 1 to 20", c.name, len(lines))
		}
		for _, l := range lines {
			if runes(l) > defaultWidth-4 {
				t.Errorf("concept %q shows a line of %d characters: %s", c.name, runes(l), l)
			}
		}
	}
}
