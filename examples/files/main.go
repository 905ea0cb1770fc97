// Files writes a large file and reads it back while a heartbeat goes on. Go
// has no way of waiting for a disk without blocking a thread; so the calls that
// may block are made in one, by ToThread, and the loop has its hands free.
//
//	go run ./files
//
// Ctrl-C cancels it in the middle of the file, which it then removes.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program but for the process around it. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("files", flag.ContinueOnError)
	flags.SetOutput(stderr)
	size := flags.Int("mb", 512, "megabytes to write and read")
	err := flags.Parse(args)
	switch {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case *size < 1:
		return misused(stderr, "-mb is %d; expected a number of megabytes from 1", *size)
	case flags.NArg() > 0:
		return misused(stderr, "unexpected argument %q; expected flags only", flags.Arg(0))
	}
	// What would end the program with the file left behind cancels it, too: the last two
	// are a terminal, or a reader of what it prints (| head), that has gone.
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	if err := inFolder(interrupted, stdout, *size); err != nil {
		fmt.Fprintln(stderr, "files:", err)
		return 1
	}
	return 0
}

// inFolder does it in a folder of its own, which it removes.
func inFolder(ctx context.Context, stdout io.Writer, mb int) error {
	dir, err := os.MkdirTemp("", "files")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return asyncio.Run(ctx, func(ctx context.Context) error {
		return writeAndRead(ctx, stdout, filepath.Join(dir, "large"), mb)
	})
}

func misused(stderr io.Writer, format string, args ...any) (status int) {
	fmt.Fprintf(stderr, "files: "+format+"\n", args...)
	return 2
}

func writeAndRead(ctx context.Context, out io.Writer, name string, mb int) error {
	h := heartbeat{every: 10 * time.Millisecond}
	beating := asyncio.Go(ctx, h.beat)
	defer beating.Cancel(nil)

	start := time.Now()
	written, err := create(ctx, name, func(ctx context.Context, w io.Writer) (uint32, error) {
		return megabytes(ctx, w, mb)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "wrote %d MB in %.2f s, checksum %08x\n", mb, time.Since(start).Seconds(), written)

	start = time.Now()
	read, err := read(ctx, name)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "read %d MB in %.2f s, checksum %08x\n", mb, time.Since(start).Seconds(), read)
	fmt.Fprintf(out, "meanwhile the heart beat %d times, at worst %.1f ms late\n", h.beats, float64(h.worst)/1e6)
	return nil
}

// A heartbeat is what suffers when something blocks the loop.
type heartbeat struct {
	every time.Duration
	beats int
	worst time.Duration // how late the latest beat was
}

func (h *heartbeat) beat(ctx context.Context) error {
	for {
		due := time.Now().Add(h.every)
		if err := asyncio.Sleep(ctx, h.every); err != nil {
			return err
		}
		h.beats++
		h.worst = max(h.worst, time.Since(due))
	}
}
