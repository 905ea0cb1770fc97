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

// The ranges of the flags. The sum of maxIterations terms fits an int64. The demonstration would
// take most of an hour with it.
const (
	maxIterations = 1_000_000_000_000
	maxJobs       = 64
	minInterval   = time.Millisecond
	maxInterval   = 10 * time.Second
)

// options are the arguments of demo.
type options struct {
	part     string // empty: all parts
	n        int64  // iterations of a computation; 0: about 2 s
	interval time.Duration
	jobs     int64
	full     bool
	report   string      // the file name of the page; empty: none
	page     *reportFile // the file of report, which is writable
}

// parseOptions parses the arguments of demo. The name of a part may be before or after the flags.
// names are the known parts.
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
			return o, misuse("argument %q after demo %s: only flags are allowed", name, o.part)
		case !slices.Contains(names, name):
			return o, misuse("unknown part %q of demo: must be %s, or none for all", name, either(names))
		}
		o.part, args = name, flags.Args()[1:]
	}

	var stray error
	flags.Visit(func(f *flag.Flag) {
		if o.part == "concepts" && f.Name != "full" && stray == nil {
			stray = misuse("flag -%s of demo concepts: only -full is allowed", f.Name)
		}
	})
	return o, stray
}

// flagMisuse adds what is allowed to an error of package flag.
func flagMisuse(err error) error {
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "flag provided but not defined: "):
		return misuse("unknown flag %s of demo: must be -full, -interval, -jobs, -n or -report",
			strings.TrimPrefix(text, "flag provided but not defined: "))
	case strings.HasPrefix(text, "flag needs an argument: "):
		return misuse("flag %s: must have a value", strings.TrimPrefix(text, "flag needs an argument: "))
	case strings.HasPrefix(text, "invalid boolean value "):
		return misuse("%s: must be true or false", strings.TrimSuffix(text, ": parse error"))
	default:
		return usageError{err}
	}
}

// A wholeFlag is a flag with a whole number from 1 to max. Groups of digits may be separated by _
// or a comma.
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
	// a separator must be between two groups
	if err != nil || separators != len(groups)-1 || strings.ContainsAny(text, "+-") || v < 1 || v > f.max {
		return fmt.Errorf("must be a whole number from 1 to %s, such as %s", thousands(f.max), f.example)
	}
	*f.value = v
	return nil
}

// An intervalFlag is a flag with the time between two ticks.
type intervalFlag time.Duration

func (f *intervalFlag) String() string { return "" }

func (f *intervalFlag) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < minInterval || d > maxInterval {
		return fmt.Errorf("must be a duration from %v to %v, such as 500ms or 0.5s", minInterval, maxInterval)
	}
	*f = intervalFlag(d)
	return nil
}

// A reportFlag is a flag with a file name.
type reportFlag string

func (f *reportFlag) String() string { return "" }

func (f *reportFlag) Set(text string) error {
	if text == "" {
		return errors.New("must be a file name, such as report.html")
	}
	*f = reportFlag(text)
	return nil
}
