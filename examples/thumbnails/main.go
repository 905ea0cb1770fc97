// Thumbnails is an HTTP service that makes thumbnails of JPEG and PNG files.
// net/http is in front, the loop behind, and the computation where -remedy says.
//
//	go run . -remedy process
//	curl --data-binary @photo.jpg -o small.jpg 'localhost:8080/thumbnail?width=200'
//
// Ctrl-C ends it in order: it accepts no more, finishes what was accepted, and
// cancels what is not finished in time. A second Ctrl-C ends it at once.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

func main() {
	procpool.Main() // a worker process never gets past this line
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// options are what the flags say. They never change.
type options struct {
	address, remedy string
	workers, queue  int
	maxBody         int64
	memory          int64
	timeout         time.Duration
	drain, grace    time.Duration
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("thumbnails", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.address, "address", "localhost:8080", "where to listen")
	flags.StringVar(&o.remedy, "remedy", "process", "where thumbnails are made: loop (the problem), yield, thread or process")
	flags.IntVar(&o.workers, "workers", runtime.NumCPU(), "thumbnails made at once, for thread and process")
	flags.IntVar(&o.queue, "queue", 64, "uploads under way at once; more are refused with 503")
	flags.Int64Var(&o.maxBody, "max-body", 32<<20, "bytes that an upload may have")
	flags.Int64Var(&o.memory, "memory", 512<<20, "bytes of memory that a worker process may use")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "time that a thumbnail may take, waiting for a worker included")
	flags.DurationVar(&o.drain, "drain", 10*time.Second, "time for accepted uploads to finish after Ctrl-C")
	flags.DurationVar(&o.grace, "grace", 2*time.Second, "time for a cancelled computation to end by itself before its process is killed")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; expected flags only", flags.Arg(0))
	case o.workers < 1, o.queue < 1, o.maxBody < 1, o.memory < 1:
		return o, fmt.Errorf("-workers %d -queue %d -max-body %d -memory %d: each must be at least 1", o.workers, o.queue, o.maxBody, o.memory)
	case o.timeout <= 0, o.drain <= 0, o.grace <= 0:
		return o, fmt.Errorf("-timeout %v -drain %v -grace %v: each must be more than 0", o.timeout, o.drain, o.grace)
	}
	return o, nil
}

// run is the program but for the process around it. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err == flag.ErrHelp { // which flags there are has been told
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "thumbnails:", err)
		return 2
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	r, err := newRemedy(o, log)
	if err != nil {
		fmt.Fprintln(stderr, "thumbnails:", err)
		return 2
	}
	listener, err := net.Listen("tcp", o.address)
	if err != nil {
		fmt.Fprintln(stderr, "thumbnails:", err)
		return 1
	}

	fmt.Fprintf(stdout, "listening on http://%s, remedy %s\n", listener.Addr(), o.remedy)
	// A decoder that panics is the end of one job, not of the service.
	err = asyncio.Run(context.Background(), func(ctx context.Context) error {
		// The first signal cancels this context, and not that of Run, with which every task
		// would be cancelled. From then on a signal has its usual effect again and ends the process.
		interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		defer context.AfterFunc(interrupted, stop)()
		return newService(o, r, log).serve(interrupted, listener)
	}, asyncio.WithName("thumbnails"), asyncio.WithLogger(log), asyncio.WithPanicsAsErrors())
	if err != nil {
		fmt.Fprintln(stderr, "thumbnails:", err)
		return 1
	}
	fmt.Fprintln(stdout, "ended; nothing was left unfinished")
	return 0
}
