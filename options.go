package asyncio

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// An Option configures a loop. The options are the functions of this package
// that return one.
type Option func(*engine.Config)

// WithName names the loop in messages and dumps.
func WithName(name string) Option {
	return func(c *engine.Config) { c.Name = name }
}

// WithLogger sets where the loop reports what nobody handles. The default is
// slog.Default() at the time of the report.
func WithLogger(logger *slog.Logger) Option {
	return func(c *engine.Config) { c.Logger = logger }
}

// WithDebug makes the loop keep what helps to find out what it does:
//   - the whole call stack of each task's creation, not only the line, for messages
//     and dumps;
//   - for each task how many steps it made, how long they took, and where the longest
//     began and ended: see StatsOf, and Dump;
//   - the last 65,536 events, for Loop.Trace;
//   - the duration of steps, for Loop.Metrics;
//   - labels for package runtime/pprof, with which profiles tell tasks apart:
//     asyncio.task, the task's name or, for a task without one, asyncio.created, where it
//     was created;
//   - a task and a region of package runtime/trace for each task that begins while a
//     trace is recorded;
//   - a check that arguments and results of registered functions could travel to another
//     process, also where the executor is local.
//
// It costs two to three microseconds a step and a few a task, some hundred bytes a task, and
// some megabytes a loop. The default is false, or true if the environment variable
// ASYNCIO_DEBUG is set to something other than 0, off or false.
func WithDebug(on bool) Option {
	return func(c *engine.Config) { c.Debug = on }
}

// WithErrorHandler has fn called on the loop, instead of a log message, for
// each error that nobody received. A panic in fn is logged.
func WithErrorHandler(fn func(Unhandled)) Option {
	return func(c *engine.Config) {
		if fn == nil {
			c.OnUnhandled = nil
			return
		}
		c.OnUnhandled = func(u engine.Unhandled) {
			fn(Unhandled{Task: handleOf(u.Task), TaskName: u.Name, Created: u.Created, Err: u.Err})
		}
	}
}

// Unhandled is an error that nobody received, for WithErrorHandler.
type Unhandled struct {
	Task     AnyTask // nil if its handle is unreachable, and for callbacks
	TaskName string
	Created  string // where the task was created, file:line
	Err      error
}

// WithPanicsAsErrors makes a panic in a task that task's error, a *PanicError,
// and a panic in a callback an unhandled error. Without it a panic ends Run.
func WithPanicsAsErrors() Option {
	return func(c *engine.Config) { c.PanicsAsErrors = true }
}

// WithShutdownTimeout bounds how long Run waits, after main has returned, for
// the tasks that main left and that are cancelled then. The default is 10
// seconds. With 0 they get no time beyond what they are ready to do at once. A
// negative duration panics.
func WithShutdownTimeout(d time.Duration) Option {
	if d < 0 {
		panic(fmt.Sprintf("asyncio: WithShutdownTimeout(%v): d must be at least 0", d))
	}
	return func(c *engine.Config) { c.ShutdownTimeout = d }
}

// debugByEnvironment reports whether ASYNCIO_DEBUG asks for debug mode.
func debugByEnvironment() bool {
	switch os.Getenv("ASYNCIO_DEBUG") {
	case "", "0", "off", "false":
		return false
	}
	return true
}

func newConfig(opts []Option) engine.Config {
	c := engine.DefaultConfig()
	c.Debug = debugByEnvironment()
	c.NewPanicError, c.PrintOnce = newPanicError, printOnce
	c.NewStallError = func(s engine.Stall) error { return &StallError{publicStall(s)} }
	c.NewUnhandledError = func(u engine.Unhandled) error {
		return &UnhandledError{Task: u.Name, Created: u.Created, Err: u.Err}
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	stallFromEnvironment(&c)
	return c
}
