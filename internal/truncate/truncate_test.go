package truncate

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMiddle(t *testing.T) {
	for s, want := range map[string]string{
		"":                        "",
		strings.Repeat("x", 100):  strings.Repeat("x", 100),
		strings.Repeat("x", 101):  strings.Repeat("x", 26) + " [... 49 bytes left out ...] " + strings.Repeat("x", 26),
		strings.Repeat("€", 1000): strings.Repeat("€", 8) + " [... 2952 bytes left out ...] " + strings.Repeat("€", 8),
		// not UTF-8: split anywhere
		strings.Repeat("\x80", 1000): strings.Repeat("\x80", 22) + " [... 956 bytes left out ...] " + strings.Repeat("\x80", 22),
	} {
		got := Middle(s, 100)
		if got != want {
			t.Errorf("Middle of %d bytes: %q, want %q", len(s), got, want)
		}
		if len(got) > 100 || utf8.ValidString(s) != utf8.ValidString(got) {
			t.Errorf("Middle of %d bytes: %d bytes, valid %v", len(s), len(got), utf8.ValidString(got))
		}
	}
}
