package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The ranges of the flags. The sum of maxIterations terms fits an int64 many
// times over; beyond it a demonstration would take the better part of an hour.
const (
	maxIterations = 1_000_000_000_000
	maxJobs       = 64
	minInterval   = time.Millisecond
	maxInterval   = 10 * time.Second
)

// options are what the command line of demo says.
type options struct {
	part     string // "" for all parts
	n        int64  // iterations of a computation; 0: as many as fill about 2 s
	interval time.Duration
	jobs     int64
	full     bool
	report   string      // the file for the page; "" for none
	page     *reportFile // the same, once it is known that it can be written
}

// parseOptions reads the arguments of demo. The name of a part may stand before
// or after the flags; names lists those there are.
func parseOptions(args, names []string) (options, error) {
	o := options{interval: 500 * time.Millisecond, jobs: 1}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.Var(&wholeFlag{&o.n, maxIterations, "100000000 or 100_000_000"}, "n", "")
	flags.Var(&wholeFlag{&o.jobs, maxJobs, "4"}, "jobs", "")
	flags.Var((*intervalFlag)(&o.interval), "interval", "")
	flags.BoolVar(&o.full, "full", false, "")
	flags.Var((*reportFlag)(&o.report), "report", "")

	for {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return o, err
			}
			return o, flagMisuse(err)
		}
		if flags.NArg() == 0 {
			break
		}
		name := flags.Arg(0)
		switch {
		case o.part != "":
			return o, misuse("unexpected argument %q after demo %s; expected flags only", name, o.part)
		case !slices.Contains(names, name):
			return o, misuse("unknown part %q of demo; expected %s, or none for all", name, either(names))
		}
		o.part, args = name, flags.Args()[1:]
	}

	var stray error
	flags.Visit(func(f *flag.Flag) {
		if o.part == "concepts" && f.Name != "full" && stray == nil {
			stray = misuse("flag -%s has no meaning for demo concepts; expected only -full", f.Name)
		}
	})
	return o, stray
}

// flagMisuse says what was expected where package flag does not.
func flagMisuse(err error) error {
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "flag provided but not defined: "):
		return misuse("unknown flag %s of demo; expected -full, -interval, -jobs, -n or -report",
			strings.TrimPrefix(text, "flag provided but not defined: "))
	case strings.HasPrefix(text, "flag needs an argument: "):
		return misuse("flag %s has no value; expected one after it", strings.TrimPrefix(text, "flag needs an argument: "))
	case strings.HasPrefix(text, "invalid boolean value "):
		return misuse("%s; expected true or false", strings.TrimSuffix(text, ": parse error"))
	default:
		return usageError{err}
	}
}

// A wholeFlag is a flag whose value is a whole number from 1 to max. Groups of
// digits may be separated by _ or a comma, as people write long numbers.
type wholeFlag struct {
	value   *int64
	max     int64
	example string
}

func (f *wholeFlag) String() string { return "" }

func (f *wholeFlag) Set(text string) error {
	groups := strings.FieldsFunc(text, func(r rune) bool { return r == '_' || r == ',' })
	separators := strings.Count(text, "_") + strings.Count(text, ",")
	v, err := strconv.ParseInt(strings.Join(groups, ""), 10, 64)
	// As many separators as there are gaps between groups: none at an end, none double.
	if err != nil || separators != len(groups)-1 || strings.ContainsAny(text, "+-") || v < 1 || v > f.max {
		return fmt.Errorf("expected a whole number from 1 to %s, such as %s", thousands(f.max), f.example)
	}
	*f.value = v
	return nil
}

// An intervalFlag is a flag whose value is the time between two ticks.
type intervalFlag time.Duration

func (f *intervalFlag) String() string { return "" }

func (f *intervalFlag) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < minInterval || d > maxInterval {
		return fmt.Errorf("expected a duration from %v to %v, such as 500ms or 0.5s", minInterval, maxInterval)
	}
	*f = intervalFlag(d)
	return nil
}

// A reportFlag is a flag whose value is the name of a file.
type reportFlag string

func (f *reportFlag) String() string { return "" }

func (f *reportFlag) Set(text string) error {
	if text == "" {
		return errors.New("expected a file name, such as report.html")
	}
	*f = reportFlag(text)
	return nil
}
