package asyncio

import (
	"fmt"
	"log/slog"
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

// WithDebug makes the loop keep the whole call stack of each task's creation,
// not only the line, for messages and dumps. It costs about a microsecond and
// some hundred bytes a task.
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
		panic(fmt.Sprintf("asyncio: WithShutdownTimeout(%v): the duration must not be negative", d))
	}
	return func(c *engine.Config) { c.ShutdownTimeout = d }
}

func newConfig(opts []Option) engine.Config {
	c := engine.DefaultConfig()
	c.NewPanicError = newPanicError
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
