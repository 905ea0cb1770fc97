package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

func TestWrongCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string // in the error
	}{
		{[]string{"-count", "0"}, []string{`"0"`, "-count", "whole number, at least 1"}},
		{[]string{"-count", "-3"}, []string{`"-3"`, "-count", "whole number, at least 1"}},
		{[]string{"-count", "ten"}, []string{`"ten"`, "-count", "whole number, at least 1"}},
		{[]string{"-run", "Yield("}, []string{`"Yield("`, "-run", "missing closing )"}},
		{[]string{"-run", "Yeld"}, []string{`"Yeld"`, "matches none of", "Yield1, Yield100"}},
		{[]string{"-short=perhaps"}, []string{`"perhaps"`, "-short"}},
		{[]string{"-fast"}, []string{"-fast"}},
		{[]string{"Yield1"}, []string{`"Yield1"`, "flags only"}},
	} {
		var complaints strings.Builder
		if status := run(context.Background(), c.args, io.Discard, &complaints); status != 2 {
			t.Errorf("%q: status %d, want 2", c.args, status)
		}
		for _, want := range c.want {
			if !strings.Contains(complaints.String(), want) {
				t.Errorf("%q: the error is %q, want %q in it", c.args, complaints.String(), want)
			}
		}
	}
}

func TestHelp(t *testing.T) {
	var help strings.Builder
	if status := run(context.Background(), []string{"-h"}, io.Discard, &help); status != 0 {
		t.Errorf("status %d, want 0", status)
	}
	for _, want := range []string{"-count", "-run", "-short", "-raw"} {
		if !strings.Contains(help.String(), want) {
			t.Errorf("the help does not name %s:\n%s", want, help.String())
		}
	}
}

func TestSettings(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		args      []string
		count     int
		benchTime time.Duration
		rows      int
	}{
		{nil, 10, 300 * ms, len(rows)},
		{[]string{"-short"}, 3, 50 * ms, len(rows)},
		{[]string{"-short", "-count", "5"}, 5, 50 * ms, len(rows)},
		{[]string{"-count", "1", "-run", "^Yield"}, 1, 300 * ms, 2},
		{[]string{"-run", "Timers1M"}, 10, 300 * ms, 2},
	} {
		s, err := parseArgs(c.args, io.Discard)
		if err != nil {
			t.Errorf("%q: %v", c.args, err)
			continue
		}
		if s.count != c.count || s.benchTime != c.benchTime || len(s.rows) != c.rows {
			t.Errorf("%q: %d repetitions of %v, %d rows; want %d, %v, %d",
				c.args, s.count, s.benchTime, len(s.rows), c.count, c.benchTime, c.rows)
		}
	}
}
