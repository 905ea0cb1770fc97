// Sick is a small service with an illness of your choice, to practise on: what you
// would see at night, and how the tools lead from there to the line. The page that goes
// with it is docs/troubleshooting.md.
//
//	go run ./sick                     in good health
//	go run ./sick -ill blocked        with an illness; -ill help lists them
//	go run ./sick -ill blocked -cured with the remedy, and all else as it was
//
// It is a tea shop: a server on the loop, workers with a queue, and four others that
// stand for the world around it, in goroutines of their own: customers, the tax office,
// a scale and an archive. Ctrl-C ends it in order, a second one at once.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/asyncio-go/asyncio"
)

// illnesses are the values of -ill: what somebody sees who has it.
var illnesses = map[string]string{
	"blocked":  "heartbeats are late",
	"lock":     "nothing answers any more",
	"cycle":    "requests never end, and nothing is busy",
	"leak":     "memory grows",
	"shutdown": "Ctrl-C does not end it",
	"silent":   "something stopped working, and nothing was said",
	"threads":  "time-outs, though the other side is quick",
	"spinner":  "a processor is busy, and nothing is done",
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program but for the process around it. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	s := newShop(stdout)
	var listen, debug string
	flags := flag.NewFlagSet("sick", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.ill, "ill", "", "the illness; help lists them")
	flags.BoolVar(&s.cured, "cured", false, "with the remedy for the illness")
	flags.StringVar(&listen, "listen", "localhost:7000", "where customers come")
	flags.StringVar(&debug, "debug", "localhost:6060", "where the debug pages are")
	switch err := flags.Parse(args); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	}
	if len(flags.Args()) > 0 {
		fmt.Fprintf(stderr, "sick: unexpected argument %q; expected flags only\n", flags.Arg(0))
		return 2
	}
	if s.ill != "" && illnesses[s.ill] == "" {
		fmt.Fprintf(stderr, "sick: -ill is %q; expected one of\n%s", s.ill, list())
		return 2
	}

	// The first signal cancels main's ctx; from then on a signal has its usual effect
	// again, and ends the process. That happens in a goroutine: a blocked loop does not
	// hold it up.
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	undo := context.AfterFunc(interrupted, func() {
		stop()
		fmt.Fprintln(stdout, "interrupted: ending in order; Ctrl-C again ends at once")
	})
	defer undo()

	// Ctrl-\ prints what the loop does, and the program goes on.
	defer asyncio.DumpOnSignal(syscall.SIGQUIT)()

	loop := asyncio.NewLoop(asyncio.WithName("shop"))
	page, err := openDebug(debug, loop)
	if err != nil {
		fmt.Fprintln(stderr, "sick:", err)
		return 1
	}
	defer page.Close()
	w, err := openWorld()
	if err != nil {
		fmt.Fprintln(stderr, "sick:", err)
		return 1
	}
	defer w.close()
	s.world = w
	fmt.Fprintf(stdout, "process %d, debug pages at %s; Ctrl-C ends it\n", os.Getpid(), page.Addr)
	err = loop.Run(interrupted, func(ctx context.Context) error { return s.serve(ctx, listen) })
	if err != nil {
		fmt.Fprintln(stderr, "sick:", err)
		return 1
	}
	fmt.Fprintln(stdout, "ended in order")
	return 0
}

func list() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(illnesses)) {
		fmt.Fprintf(&b, "  %-9s %s\n", name, illnesses[name])
	}
	return b.String()
}
