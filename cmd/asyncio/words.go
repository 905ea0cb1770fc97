package main

import (
	"fmt"
	"math"
	"path"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// thousands formats a whole number in groups of three digits.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// readable formats a duration with a unit that fits, and few digits.
func readable(d time.Duration) string {
	switch { // compare the rounded duration, so that 1000 ms is written as 1 s
	case d.Round(10*time.Millisecond) >= time.Minute:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %02d s", d/time.Minute, d%time.Minute/time.Second)
	case d.Round(time.Millisecond) >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d.Round(time.Microsecond) >= time.Millisecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	default:
		return fmt.Sprintf("%d µs", d.Round(time.Microsecond).Microseconds())
	}
}

// rough formats a duration that is an estimate or a round value.
func rough(d time.Duration) string {
	if d < time.Second {
		return readable(d)
	}
	if d < time.Minute {
		return strconv.FormatFloat(math.Round(d.Seconds()*10)/10, 'f', -1, 64) + " s"
	}
	return readable(d)
}

// overhead formats the difference of d and base in percent. For a base below 1 ms it returns "-".
func overhead(d, base time.Duration) string {
	if base < time.Millisecond {
		return "-"
	}
	return fmt.Sprintf("%+d%%", int64(math.Round(100*(float64(d)/float64(base)-1))))
}

// plural formats a number with its noun.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// either formats a list of names: a, b or c.
func either(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// sourceDir is the directory of this program's source in stack traces.
var sourceDir = func() string {
	_, file, _, _ := runtime.Caller(0)
	return path.Dir(file) + "/"
}()

// shortened removes sourceDir from text.
func shortened(text string) string { return strings.ReplaceAll(text, sourceDir, "") }

// wrap breaks text at spaces into lines of at most width characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case runes(line)+1+runes(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// runes returns the width of text on the screen, for the characters of this program.
func runes(text string) int { return len([]rune(text)) }
