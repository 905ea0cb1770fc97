package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// env is an environment for newScreen.
func env(settings ...string) func(string) string {
	return func(name string) string {
		for _, s := range settings {
			if key, value, _ := strings.Cut(s, "="); key == name {
				return value
			}
		}
		return ""
	}
}

func TestScreenWidth(t *testing.T) {
	for columns, want := range map[string]int{
		"": 80, "wide": 80, "0": 80, "-3": 80, "60": 60, "20": narrowest, "500": widest,
	} {
		if got := newScreen(new(bytes.Buffer), env("COLUMNS="+columns)).width; got != want {
			t.Errorf("COLUMNS=%q: width %d, want %d", columns, got, want)
		}
	}
}

// TestNewScreen_NoTerminal: a file gets plain text in every environment.
func TestNewScreen_NoTerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rich := env("TERM=xterm-256color", "LANG=de_DE.UTF-8")
	if s := newScreen(file, rich); s.colour || s.marks != asciiMarks {
		t.Errorf("a file is taken for a terminal: %+v", s)
	}
	if s := newScreen(new(bytes.Buffer), rich); s.colour || s.marks != asciiMarks {
		t.Errorf("a buffer is taken for a terminal: %+v", s)
	}
}

func TestTerminal(t *testing.T) {
	for _, c := range []struct {
		env    []string
		colour bool
		marks  marks
	}{
		{[]string{"TERM=xterm", "LANG=en_GB.UTF-8"}, true, unicodeMarks},
		{[]string{"TERM=xterm", "LC_CTYPE=C.utf8"}, true, unicodeMarks},
		{[]string{"TERM=xterm", "LC_ALL=C", "LANG=en_GB.UTF-8"}, true, asciiMarks},
		{[]string{"TERM=xterm"}, true, asciiMarks},
		{[]string{"TERM=xterm", "NO_COLOR=1"}, false, asciiMarks},
		{[]string{"TERM=dumb"}, false, asciiMarks},
		{nil, false, asciiMarks},
	} {
		s := &screen{marks: asciiMarks}
		s.beautify(env(c.env...))
		if s.colour != c.colour || s.marks != c.marks {
			t.Errorf("%q: colour %t, marks %v; want %t, %v", c.env, s.colour, s.marks, c.colour, c.marks)
		}
	}
}

func TestPaint(t *testing.T) {
	s := &screen{colour: true}
	if got := s.paint(red, "x") + s.paint(plain, "y") + s.paint(red, ""); got != "\x1b[31mx\x1b[0my" {
		t.Errorf("painted %q", got)
	}
	s.colour = false
	if got := s.paint(red, "x"); got != "x" {
		t.Errorf("painted %q without colours", got)
	}
}

func TestHanging(t *testing.T) {
	var out bytes.Buffer
	s := &screen{w: &out, width: 16}
	s.hanging("  name  ", plain, "words in a row")
	if want := "  name  words in\n        a row\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
