package main

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 1_799_999_937: "1,799,999,937", -1234567: "-1,234,567",
	} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestReadable(t *testing.T) {
	for _, c := range []struct {
		d                       time.Duration
		wantReadable, wantRough string
	}{
		{0, "0 µs", "0 µs"},
		{1500 * time.Nanosecond, "2 µs", "2 µs"},
		{999_999 * time.Nanosecond, "1 ms", "1 ms"},
		{502 * time.Millisecond, "502 ms", "502 ms"},
		{999_700 * time.Microsecond, "1.00 s", "1.00 s"},
		{time.Second, "1.00 s", "1 s"},
		{2_519 * time.Millisecond, "2.52 s", "2.5 s"},
		{59_998 * time.Millisecond, "1 min 00 s", "60 s"},
		{83 * time.Second, "1 min 23 s", "1 min 23 s"},
		{3 * time.Hour, "180 min 00 s", "180 min 00 s"},
	} {
		if got := readable(c.d); got != c.wantReadable {
			t.Errorf("readable(%v) = %q, want %q", c.d, got, c.wantReadable)
		}
		if got := rough(c.d); got != c.wantRough {
			t.Errorf("rough(%v) = %q, want %q", c.d, got, c.wantRough)
		}
	}
}

func TestOverhead(t *testing.T) {
	for _, c := range []struct {
		d, base time.Duration
		want    string
	}{
		{2 * time.Second, 2 * time.Second, "+0%"},
		{1999 * time.Millisecond, 2 * time.Second, "+0%"},
		{2100 * time.Millisecond, 2 * time.Second, "+5%"},
		{time.Second, 2 * time.Second, "-50%"},
		{time.Second, 999 * time.Microsecond, "-"},
		{time.Second, 0, "-"},
	} {
		if got := overhead(c.d, c.base); got != c.want {
			t.Errorf("overhead(%v, %v) = %q, want %q", c.d, c.base, got, c.want)
		}
	}
}

func TestPluralAndEither(t *testing.T) {
	for _, c := range [][2]string{
		{plural(1, "tick"), "1 tick"},
		{plural(0, "tick"), "0 ticks"},
		{plural(1200, "tick"), "1,200 ticks"},
		{either(nil), ""},
		{either([]string{"a"}), "a"},
		{either([]string{"a", "b"}), "a or b"},
		{either([]string{"a", "b", "c"}), "a, b or c"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[0], c[1])
		}
	}
}

func TestShortened(t *testing.T) {
	_, file, line, _ := runtime.Caller(0)
	text := fmt.Sprintf("created at %s:%d", file, line)
	if got, want := shortened(text), fmt.Sprintf("created at words_test.go:%d", line); got != want {
		t.Errorf("shortened(%q) = %q, want %q", text, got, want)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, nil},
		{"one two three", 13, []string{"one two three"}},
		{"one two three", 12, []string{"one two", "three"}},
		{"two µs more", 6, []string{"two µs", "more"}}, // characters, not bytes
		{"unbreakable word", 4, []string{"unbreakable", "word"}},
	} {
		if got := wrap(c.text, c.width); !slices.Equal(got, c.want) {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}
