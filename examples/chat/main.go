// Chat is a WebSocket chat with many rooms and a web page, on one event loop.
//
//	go run .                 then open http://localhost:8080 in two windows
//
// There is no lock in it: rooms, members and histories are plain variables, because
// only one task runs at a time and none gives up control between two awaits. Each
// connection is a task with a reader and a writer in a task group: when one ends, so
// does the other, and the room is told, however the connection ended.
//
// Ctrl-C tells everybody goodbye and ends. A second Ctrl-C ends it at once.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
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
	address string
	most    int           // connections
	silence time.Duration // without a sign of life, after which a connection is given up
	goodbye time.Duration // for members to leave at the end
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.address, "address", "localhost:8080", "where to listen")
	flags.IntVar(&o.most, "most", 10_000, "connections at once; more have to wait")
	flags.DurationVar(&o.silence, "silence", time.Minute, "time without a sign of life after which a connection is given up")
	flags.DurationVar(&o.goodbye, "goodbye", 3*time.Second, "time for members to leave after Ctrl-C")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; expected flags only", flags.Arg(0))
	case o.most < 1:
		return o, fmt.Errorf("-most %d: must be at least 1", o.most)
	case o.silence <= 0, o.goodbye <= 0:
		return o, fmt.Errorf("-silence %v -goodbye %v: each must be more than 0", o.silence, o.goodbye)
	}
	return o, nil
}

// run is the program but for the process around it. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err == flag.ErrHelp { // which flags there are has been told
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "chat:", err)
		return 2
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	err = asyncio.Run(ctx, func(ctx context.Context) error {
		interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		defer context.AfterFunc(interrupted, stop)() // a second signal has its usual effect
		listener, err := aionet.Listen(ctx, "tcp", o.address, aionet.MaxConns(o.most))
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
		return newHub(o, log).serve(interrupted, listener)
	}, asyncio.WithName("chat"), asyncio.WithLogger(log))
	if err != nil {
		fmt.Fprintln(stderr, "chat:", err)
		return 1
	}
	fmt.Fprintln(stdout, "everybody has left")
	return 0
}
