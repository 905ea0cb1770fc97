//go:build linux

// Command soak tests a pool of worker processes under faults. Submitters on one loop make calls.
// Many calls crash their worker, exceed its memory, panic, are cancelled, or reach a deadline.
// Other workers are killed by signals.
//
//	go run ./procpool/internal/soak [-for 60s] [-seed n]
//
// Every call must end once, with the right result or with a typed error that has a known cause. A
// function that gave a result must have run once, and no function twice. At the end no process,
// descriptor or goroutine may be left. The command prints the number of calls by outcome. The exit
// status is 1 after a violation, and 2 for an invalid command line. The seed determines the
// choices, but not the timing.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/asyncio-go/asyncio/procpool"
)

func main() {
	procpool.Main()
	os.Exit(command(os.Args[1:], os.Stdout, os.Stderr))
}

func command(args []string, stdout, stderr io.Writer) int {
	s := settings{submitters: 8, workers: 4}
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.DurationVar(&s.duration, "for", time.Minute, "the duration of the soak")
	flags.Uint64Var(&s.seed, "seed", rand.Uint64(), "the seed of the choices; default: random")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "soak: argument %q: only flags are allowed\n", flags.Arg(0))
		return 2
	case s.duration <= 0:
		fmt.Fprintf(stderr, "soak: -for %v: must be above 0\n", s.duration)
		return 2
	}
	fmt.Fprintf(stdout, "soak: seed %d, %v, %d submitters, %d workers\n", s.seed, s.duration, s.submitters, s.workers)
	r, err := soak(s)
	if err != nil {
		fmt.Fprintln(stderr, "soak:", err)
		return 1
	}
	r.print(stdout)
	if len(r.violations) == 0 {
		return 0
	}
	for _, v := range r.violations {
		fmt.Fprintln(stderr, "soak: VIOLATION:", v)
	}
	fmt.Fprintf(stderr, "soak: %d violations; -seed %d repeats the choices\n", r.violated, s.seed)
	return 1
}
