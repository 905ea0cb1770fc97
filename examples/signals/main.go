// Signals is a service that ends in order. A first Ctrl-C stops what comes in,
// lets the jobs that were accepted finish, and cancels those that do not make
// it in time. A second Ctrl-C ends the process at once.
//
//	go run ./signals
//
// Try it with jobs that take longer than they get: go run ./signals -job 20s -drain 3s
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program but for the process around it. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	s := newService(stdout)
	flags := flag.NewFlagSet("signals", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.workers, "workers", s.workers, "how many jobs are worked on at once")
	flags.DurationVar(&s.every, "every", s.every, "time from one job to the next")
	flags.DurationVar(&s.job, "job", s.job, "how long a job takes")
	flags.DurationVar(&s.drain, "drain", s.drain, "time for accepted jobs to finish after Ctrl-C")
	switch err := flags.Parse(args); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	}
	if err := s.check(flags.Args()); err != nil {
		fmt.Fprintln(stderr, "signals:", err)
		return 2
	}

	// The first signal cancels this context, and with it the ctx of Run's main.
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// From then on a signal has its usual effect again: it ends the process.
	// This happens in a goroutine, so it holds even while the loop is blocked.
	undo := context.AfterFunc(interrupted, func() {
		stop()
		fmt.Fprintln(stdout, "interrupted: ending in order; Ctrl-C again ends at once")
	})
	defer undo() // before stop, which cancels the context too

	fmt.Fprintln(stdout, "accepting jobs; end with Ctrl-C")
	start := time.Now()
	if err := asyncio.Run(interrupted, s.serve); err != nil {
		fmt.Fprintln(stderr, "signals:", err)
		return 1
	}
	fmt.Fprintf(stdout, "ended after %.1f s: %d jobs done, none lost\n", time.Since(start).Seconds(), s.done)
	return 0
}

// check says what of the command line makes no sense. Arguments are those after the flags.
func (s *service) check(arguments []string) error {
	if len(arguments) > 0 {
		return fmt.Errorf("unexpected argument %q; expected flags only", arguments[0])
	}
	if s.workers < 1 {
		return fmt.Errorf("-workers is %d; expected a number from 1", s.workers)
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"every", s.every}, {"job", s.job}, {"drain", s.drain}} {
		if f.value < 0 {
			return fmt.Errorf("-%s is %v; expected a duration from 0, like 300ms", f.name, f.value)
		}
	}
	return nil
}
