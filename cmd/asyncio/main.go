// Command asyncio shows what the asyncio package does, on this machine and in
// real time:
//
//	asyncio demo             both parts below, trimmed to about 30 seconds
//	asyncio demo concepts    seven small programs, their code beside their output
//	asyncio demo blocking    a computation that blocks the loop, and the remedies
//
// Nothing in it is staged: the code it prints is cut out of its own source,
// the lanes of ticks are what a running heartbeat recorded, and every duration
// is measured.
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

// The exit statuses. 130 is what a shell reports for a program ended by Ctrl-C.
const (
	statusOK          = 0
	statusFailed      = 1
	statusUsage       = 2
	statusInterrupted = 130
)

func main() {
	procpool.Main() // a worker of the demonstration goes no further
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole command but for the process around it.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The first Ctrl-C cancels ctx, and everything below ends in order. From
	// then on the signal has its usual effect again: a second one kills.
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

// An app is the command with its surroundings, which tests replace.
type app struct {
	screen     *screen
	stderr     io.Writer
	program    string // how the user started this program, for the commands it proposes
	measure    func(ctx context.Context) ([]speed, error)
	remedies   []remedy
	processors int                   // that goroutines run on
	network    func() asyncio.Option // of the loops of one experiment, in tests; nil: the system's
}

// A usageError is a mistake in the command line.
type usageError struct{ error }

// misuse makes a usageError.
func misuse(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// run executes the command and turns its error into an exit status.
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

// dispatch runs the subcommand that args name.
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
			return misuse("unexpected argument %q after version; expected none", rest[0])
		}
		a.screen.line(versionLine())
		return nil
	case "help", "-h", "-help", "--help":
		// Any topic gets the one page there is.
		a.usage()
		return nil
	default:
		return misuse("unknown command %q; expected demo, version or help", name)
	}
}

// programName says how to run this program again. Under go run the program
// lies in a build directory that is about to go, so the go command is named.
func programName(arg0 string) string {
	if strings.Contains(filepath.ToSlash(arg0), "/go-build") {
		return "go run ./cmd/asyncio"
	}
	return strings.TrimSuffix(filepath.Base(arg0), ".exe")
}
