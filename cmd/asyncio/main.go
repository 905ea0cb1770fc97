// Command asyncio demonstrates the asyncio package on this machine:
//
//	asyncio demo             both parts below, shortened to about 30 seconds
//	asyncio demo concepts    seven small programs, their code beside their output
//	asyncio demo blocking    a computation that blocks the loop, and the remedies
//
// The code that it prints is an excerpt of its source. The lanes of ticks are the
// record of a running heartbeat. Every duration is measured.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// The exit statuses. A shell reports 130 for a program that Ctrl-C has ended.
const (
	statusOK          = 0
	statusFailed      = 1
	statusUsage       = 2
	statusInterrupted = 130
)

func main() {
	procpool.Main() // in a worker process it does not return
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The first Ctrl-C cancels ctx, which ends the demonstration. After that the
	// signal has its default effect: a second Ctrl-C kills the program.
	context.AfterFunc(ctx, stop)

	a := &app{
		screen:     newScreen(stdout, os.Getenv),
		stderr:     stderr,
		program:    programName(os.Args[0]),
		measure:    measureSpeeds,
		remedies:   remedies,
		processors: runtime.GOMAXPROCS(0),
	}
	return a.run(ctx, args)
}

// An app is the command with its dependencies, which tests replace.
type app struct {
	screen     *screen
	stderr     io.Writer
	program    string // how the user started this program, for the proposed commands
	measure    func(ctx context.Context) ([]speed, error)
	remedies   []remedy
	processors int                   // GOMAXPROCS
	network    func() asyncio.Option // the network of an experiment, in tests; nil: the system's
}

// A usageError is a mistake in the command line.
type usageError struct{ error }

// misuse returns a usageError.
func misuse(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// run runs the command, prints its error, and returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	err := a.dispatch(ctx, args)
	var usage usageError
	switch {
	case err == nil:
		return statusOK
	case errors.As(err, &usage):
		fmt.Fprintf(a.stderr, "asyncio: %v\nRun \"%s help\" for the usage.\n", err, a.program)
		return statusUsage
	case ctx.Err() != nil:
		fmt.Fprintln(a.stderr, "asyncio: interrupted; every task was cancelled and awaited")
		return statusInterrupted
	default:
		fmt.Fprintf(a.stderr, "asyncio: %v\n", err)
		return statusFailed
	}
}

// dispatch runs the subcommand in args.
func (a *app) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		a.usage()
		return nil
	}
	switch name, rest := args[0], args[1:]; name {
	case "demo":
		return a.demo(ctx, rest)
	case "version", "-version", "--version":
		if len(rest) > 0 {
			return misuse("argument %q after version: no argument is allowed", rest[0])
		}
		a.screen.line(versionLine())
		return nil
	case "help", "-h", "-help", "--help":
		// All topics have the same page.
		a.usage()
		return nil
	default:
		return misuse("unknown command %q: must be demo, version or help", name)
	}
}

// programName returns the command that runs this program. For a program that go run has
// built in a temporary directory it returns a go command.
func programName(arg0 string) string {
	if strings.Contains(filepath.ToSlash(arg0), "/go-build") {
		return "go run ./cmd/asyncio"
	}
	return strings.TrimSuffix(filepath.Base(arg0), ".exe")
}
