// Proxy passes TCP connections on to another address, on one event loop.
//
//	go run ./proxy -to localhost:8080                 then connect to localhost:7000
//
// Each connection is a task with two more in its task group, one for each direction.
// What one side sends is read only when the other has taken what came before, so a slow
// reader costs 64 KiB, however much is sent to it. The end of a direction and a reset
// are passed on as what they are. Every few seconds a line says what passes, and how
// late the loop was at worst.
//
// Ctrl-C stops accepting, lets connections end, and cuts those that do not make it in
// time. A second Ctrl-C ends it at once.
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
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// options are what the flags say.
type options struct {
	listen, to string
	connect    time.Duration // for a connection to be made
	idle       time.Duration // in which nothing moves, after which a connection is cut
	most       int           // connections
	drain      time.Duration // for connections to end after Ctrl-C
	report     time.Duration // from one line to the next; 0: none
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("proxy", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.listen, "listen", "localhost:7000", "where to listen")
	flags.StringVar(&o.to, "to", "", "where to pass connections on to, such as localhost:8080")
	flags.DurationVar(&o.connect, "connect", 5*time.Second, "time for a connection to be made")
	flags.DurationVar(&o.idle, "idle", time.Minute, "time in which nothing moves, after which a connection is cut")
	flags.IntVar(&o.most, "most", 10_000, "connections at once; more have to wait")
	flags.DurationVar(&o.drain, "drain", 10*time.Second, "time for connections to end after Ctrl-C")
	flags.DurationVar(&o.report, "report", 5*time.Second, "time from one line about what passes to the next; 0 for none")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.check(flags.Args())
}

// check says what of the command line makes no sense. Arguments are those after the flags.
func (o options) check(arguments []string) error {
	if len(arguments) > 0 {
		return fmt.Errorf("unexpected argument %q; expected flags only", arguments[0])
	}
	if err := checkAddress("-to", o.to, 1); err != nil {
		return err
	}
	if err := checkAddress("-listen", o.listen, 0); err != nil {
		return err
	}
	switch {
	case o.to == o.listen:
		return fmt.Errorf("-to is %s, as -listen is; expected another address than the proxy's own", o.to)
	case o.most < 1:
		return fmt.Errorf("-most is %d; expected a number from 1", o.most)
	case o.report < 0:
		return fmt.Errorf("-report is %v; expected a duration such as 5s, or 0 for no lines", o.report)
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"connect", o.connect}, {"idle", o.idle}, {"drain", o.drain}} {
		if f.value <= 0 {
			return fmt.Errorf("-%s is %v; expected a duration of more than nothing, such as 5s", f.name, f.value)
		}
	}
	return nil
}

func checkAddress(name, address string, least int) error {
	if _, service, err := net.SplitHostPort(address); err == nil {
		if port, err := net.LookupPort("tcp", service); err == nil && port >= least {
			return nil
		}
	}
	return fmt.Errorf("%s is %q; expected a host and a port, such as localhost:8080", name, address)
}

// run is the program but for the process around it. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err == flag.ErrHelp { // which flags there are has been told
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "proxy:", err)
		return 2
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	err = asyncio.Run(ctx, func(ctx context.Context) error {
		interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		ending, end := context.WithCancel(ctx)
		defer end()
		defer context.AfterFunc(interrupted, func() {
			stop() // first: a second signal has its usual effect
			end()
		})()
		listener, err := aionet.Listen(ctx, "tcp", o.listen, aionet.MaxConns(o.most))
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "listening on %s, passing on to %s\n", listener.Addr(), o.to)
		p := &proxy{options: o, log: log, out: stdout}
		if err := p.serve(ending, listener); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "ended; %s\n", p)
		return nil
	}, asyncio.WithName("proxy"), asyncio.WithLogger(log))
	if err != nil {
		fmt.Fprintln(stderr, "proxy:", err)
		return 1
	}
	return 0
}
