// Command protocol is a small key-value server with a line protocol, made of callbacks:
// a connection is one value, with no task, no stack and no buffer while it says nothing.
// All clients share one map, and no lock: everything runs on one loop.
//
//	go run ./protocol -addr localhost:7070
//
// and in another terminal, with nc localhost 7070:
//
//	SET colour blue        OK
//	GET colour             VALUE blue
//	DEL colour             OK
//	GET colour             NONE
//	STATS                  STATS clients=1 served=1 requests=4 errors=0 keys=0 ...
//	QUIT                   BYE
//
// What it guards against, each by a few lines of client.go:
//
//   - a line that never ends: longer than -line it is an error, and the end;
//   - garbage: after a few errors in a row the connection is closed;
//   - a client that says nothing, or dribbles, or does not read: after -idle without a
//     whole request being handled it is told BYE, and cut off if it does not take even that;
//   - a client that asks and does not read the answers: while they pile up no more
//     requests are handled, or read, so that memory stays bounded;
//   - a client that asks a thousand things at once: the others have their turns in between;
//   - too many clients, keys or bytes: -conns, -keys, and -line for a value.
//
// Ctrl-C ends it in order: everybody is told BYE and gets what was written. A second
// Ctrl-C ends it at once.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var cfg config
	flag.StringVar(&cfg.addr, "addr", "localhost:7070", "where to listen")
	flag.IntVar(&cfg.maxLine, "line", 4096, "bytes in a line, at most")
	flag.DurationVar(&cfg.idle, "idle", time.Minute, "how long a client may go without a request")
	flag.IntVar(&cfg.maxConns, "conns", 10_000, "clients at once, at most")
	flag.IntVar(&cfg.maxKeys, "keys", 100_000, "keys that are kept, at most")
	flag.Parse()
	err := cfg.check()
	if flag.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q; expected flags only", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "protocol:", err)
		os.Exit(2)
	}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	context.AfterFunc(stop, cancel) // a second signal has its usual effect
	err = run(stop, cfg, func(addr net.Addr) { fmt.Println("listening on", addr) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "protocol:", err)
		os.Exit(1)
	}
}
