// Command table runs the benchmarks of the folder above many times over and
// prints one table of medians and ratios.
//
//	go run ./table [-count n] [-run regexp] [-short] [-raw file]
//
// Repetitions are the outermost loop and the contenders of a row run one right
// after another, each in a process of its own, so that a slow spell of the
// machine falls on all of them. Progress goes to standard error, the table to
// standard output. The exit status is 2 for a wrong command line, 1 when
// something could not be measured, and 0 otherwise, also where a target was
// missed: the table says so.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// settings is the command line, checked.
type settings struct {
	count     int           // repetitions
	benchTime time.Duration // least time for one measurement
	rows      []row
	raw       string // file for the benchmarks' own lines; none if empty
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parseArgs(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "table:", err)
		return 2
	}
	if err := measureAndPrint(ctx, s, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "table:", err)
		return 1
	}
	return 0
}

// parseArgs returns an error that names the value and what was expected.
func parseArgs(args []string, stderr io.Writer) (settings, error) {
	var s settings
	only := regexp.MustCompile("")
	flags := flag.NewFlagSet("table", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error is printed once, by the caller
	flags.Func("count", "how often to run everything: `n` repetitions (10; with -short 3)", func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return errors.New("want a whole number, at least 1")
		}
		s.count = n
		return nil
	})
	flags.Func("run", "only the rows whose benchmark's name matches `regexp`", func(v string) error {
		re, err := regexp.Compile(v)
		if err != nil {
			return err
		}
		only = re
		return nil
	})
	short := flags.Bool("short", false, "3 short repetitions: a first impression in about a minute")
	flags.StringVar(&s.raw, "raw", "", "keep the benchmarks' own lines, as benchstat reads them, in `file`")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stderr)
			flags.Usage()
		}
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q: want flags only", flags.Arg(0))
	}
	s.benchTime = 300 * time.Millisecond
	if *short {
		s.benchTime = 50 * time.Millisecond
	}
	if s.count == 0 {
		s.count = 10
		if *short {
			s.count = 3
		}
	}
	var names []string
	for _, r := range rows {
		names = append(names, r.bench)
		if only.MatchString(r.bench) {
			s.rows = append(s.rows, r)
		}
	}
	if len(s.rows) == 0 {
		return s, fmt.Errorf("-run %q matches none of %s", only, strings.Join(slices.Compact(names), ", "))
	}
	return s, nil
}

func measureAndPrint(ctx context.Context, s settings, stdout, stderr io.Writer) (err error) {
	raw := io.Discard
	if s.raw != "" {
		f, openErr := os.Create(s.raw)
		if openErr != nil {
			return fmt.Errorf("-raw: %w", openErr)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		raw = f
	}
	binary, remove, err := buildBenchmarks(ctx)
	if err != nil {
		return err
	}
	defer remove()
	m := newMeasurements()
	start := time.Now()
	for rep := range s.count {
		for _, j := range jobs(s.rows, rep) {
			if err := j.run(ctx, binary, s.benchTime, m, raw); err != nil {
				return err
			}
		}
		fmt.Fprintf(stderr, "repetition %d of %d done after %s\n", rep+1, s.count, time.Since(start).Round(time.Second))
	}
	return printTable(stdout, s.rows, m, s.count)
}
