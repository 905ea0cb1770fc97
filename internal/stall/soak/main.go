//go:build linux

// Command soak tests the stall watch for false alarms. It runs tasks that never compute
// for more than 5 ms between two awaits. Disturbances make their steps last longer by the
// clock: the collector, goroutines that spin, other processes that spin, and stopping
// and continuing the process. Then it runs healthy services beside processes that spin,
// and beside goroutines that spin.
//
//	go run ./internal/stall/soak [-for 60s] [-procs 1,2] [-threshold 50ms]
//
// The disturbances run one after the other, and then all at once. A report that blames the
// tasks is a false alarm. Each phase of tasks ends with a task that computes for long. It has
// to be blamed, so a watch that blames no task fails. The exit status is 1 after a false alarm
// or a missed culprit, and 2 for an invalid command line.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio/procpool"
)

func main() {
	procpool.Main()
	if part := os.Getenv(partVariable); part != "" {
		play(part)
		return
	}
	os.Exit(command(os.Args[1:], os.Stdout, os.Stderr))
}

func command(args []string, stdout, stderr io.Writer) int {
	procs := []int{1, 2}
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(stderr)
	duration := flags.Duration("for", time.Minute, "total duration of all phases, for each number of processors")
	threshold := flags.Duration("threshold", 50*time.Millisecond, "threshold of the watch; the default of WithStallThreshold is 100ms")
	flags.Func("procs", "values of GOMAXPROCS, with commas between (default 1,2)", func(v string) error {
		procs = nil
		for text := range strings.SplitSeq(v, ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return errors.New("want whole numbers from 1 on, with commas between")
			}
			procs = append(procs, n)
		}
		return nil
	})
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "soak: unexpected argument %q: want flags only\n", flags.Arg(0))
		return 2
	case *duration <= 0:
		fmt.Fprintf(stderr, "soak: -for %v: want a duration above 0\n", *duration)
		return 2
	case *threshold < 2*steppers*stepWork:
		fmt.Fprintf(stderr, "soak: -threshold %v: want %v at least, twice what a turn of the tasks takes\n", *threshold, 2*steppers*stepWork)
		return 2
	}
	fmt.Fprintf(stdout, "steps of %v, threshold %v, %v for each number of processors\n", stepWork, *threshold, *duration)
	fmt.Fprintf(stdout, "%5s  %-10s %6s %6s %7s %8s  %s\n", "procs", "phase", "steps", "long", "blames", "culprit", "reports")
	status := 0
	for _, n := range procs {
		for _, p := range phases {
			v, err := p.run(n, *duration/time.Duration(len(phases)), *threshold)
			if err != nil {
				fmt.Fprintf(stderr, "soak: %s: %v\n", p.name, err)
				return 1
			}
			v.print(stdout, n, p)
			for _, b := range v.Blames {
				fmt.Fprintf(stderr, "soak: FALSE ALARM: %s\n", b)
				status = 1
			}
			if !v.Found {
				fmt.Fprintf(stderr, "soak: MISSED: the culprit was not blamed, but: %s\n", v.Instead)
				status = 1
			}
		}
	}
	return status
}
