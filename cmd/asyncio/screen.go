package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// The widths of the screen. The default without COLUMNS is 80. Longer lines than widest are hard to
// read.
const (
	narrowest    = 40
	defaultWidth = 80
	widest       = 100
)

// A screen is the output of the demonstration. It never moves the cursor, so that the output is the
// same in a terminal, in a pipe and in a file.
type screen struct {
	w      io.Writer
	width  int
	colour bool
	marks  marks
}

// marks are the characters of lanes.
type marks struct{ tick, quiet, busy string }

var (
	asciiMarks   = marks{tick: "|", quiet: ".", busy: "#"}
	unicodeMarks = marks{tick: "┃", quiet: "·", busy: "░"}
)

// newScreen selects colours, characters and width from w and the environment.
func newScreen(w io.Writer, getenv func(string) string) *screen {
	s := &screen{w: w, width: defaultWidth, marks: asciiMarks}
	if columns, err := strconv.Atoi(getenv("COLUMNS")); err == nil && columns > 0 {
		s.width = min(max(columns, narrowest), widest)
	}
	if isTerminal(w) {
		s.beautify(getenv)
	}
	return s
}

// beautify selects colours and characters for a terminal. A terminal without TERM gets plain text.
func (s *screen) beautify(getenv func(string) string) {
	term := getenv("TERM")
	s.colour = term != "" && term != "dumb" && getenv("NO_COLOR") == ""
	locale := getenv("LC_ALL")
	if locale == "" {
		locale = getenv("LC_CTYPE")
	}
	if locale == "" {
		locale = getenv("LANG")
	}
	locale = strings.ToLower(locale)
	if strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8") {
		s.marks = unicodeMarks
	}
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// A style is the parameter of an escape sequence.
type style string

const (
	plain  style = ""
	bold   style = "1"
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// paint adds the escape sequences of a style, if the screen shows colours.
func (s *screen) paint(st style, text string) string {
	if !s.colour || st == plain || text == "" {
		return text
	}
	return "\x1b[" + string(st) + "m" + text + "\x1b[0m"
}

// line writes a line.
func (s *screen) line(text string) { fmt.Fprintln(s.w, text) }

// title writes a heading and a rule below it.
func (s *screen) title(text string) {
	s.line("")
	s.line(s.paint(bold, text))
	s.line(s.paint(faint, strings.Repeat("=", runes(text))))
}

// text writes a paragraph, broken into lines.
func (s *screen) text(format string, args ...any) {
	s.hanging("", plain, fmt.Sprintf(format, args...))
}

// hanging writes text after a label. Further lines are indented to the beginning of the text.
func (s *screen) hanging(label string, st style, text string) {
	indent := strings.Repeat(" ", runes(label))
	for _, l := range wrap(text, s.width-len(indent)) {
		s.line(label + s.paint(st, l))
		label = indent
	}
}

// code writes lines of a program.
func (s *screen) code(lines []string) {
	for _, l := range lines {
		if l == "" {
			s.line("")
			continue
		}
		s.line("    " + s.paint(cyan, l))
	}
}

// write writes text without a newline.
func (s *screen) write(text string) { io.WriteString(s.w, text) }
