package engine

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// Config is what the options of the public package fill in.
type Config struct {
	Name            string
	Logger          *slog.Logger // nil: slog.Default at the time of the message
	Debug           bool
	ShutdownTimeout time.Duration
	PanicsAsErrors  bool

	// StallThreshold is how long a step may last before the watch reports it; 0: no
	// watch. OnStall is called with each report before it is logged, in its own goroutine.
	StallThreshold time.Duration
	OnStall        func(Stall)
	// StallsFail has the loop watched in a bubble, too, and Run return an error, made
	// by NewStallError, for each stall that is the program's doing.
	StallsFail    bool
	NewStallError func(Stall) error
	// EveryStall has the watch report any number of stalls, also at the same place: for
	// tests of the watch, which would not see some of its mistakes otherwise.
	EveryStall bool
	// BadStall is what the environment asks for and cannot be understood.
	BadStall string
	// StartFlight starts the flight recorder, when the loop starts; nil: none. It is
	// not linked in where nobody wants it.
	StartFlight func(*Config) (Flight, error)

	// OnUnhandled replaces the log message for an error that nobody received.
	OnUnhandled func(Unhandled)
	// NewPanicError makes the public error from a recovered value and its stack.
	// A value that is such an error already stays what it is, with its own stack.
	NewPanicError func(value any, stack []byte) error
	// PrintOnce returns the stack of an error made by NewPanicError, and false if it was
	// called with this error before.
	PrintOnce func(err error) (stack []byte, first bool)
	// NewUnhandledError makes the public error that Run returns for u.
	NewUnhandledError func(u Unhandled) error
	// Stderr is where the stack of a panic is printed at once.
	Stderr io.Writer

	// Network makes the loop's network, a netport.Maker; nil: the system's.
	Network any

	// Created is where main counts as created; 0: where Run was called.
	Created coro.Site

	// Virtual says that the loop runs in a testing/synctest bubble: nothing
	// may run beside it on its own account (no monitor, no clean-ups by the
	// collector), and when nothing can ever run again OnStuck is called, once.
	Virtual bool
	OnStuck func(dump string)
	// OnIgnoredCancel is called, in virtual time, with a task that goes on awaiting with a
	// cancelled ctx; it is ended by runtime.Goexit then.
	OnIgnoredCancel func(t *Task, line string)
	// OnBlocked is called, in virtual time, during each step in which time goes by for
	// BlockedAfter, in a goroutine of its own; nil: steps may take time.
	OnBlocked    func(Stall)
	BlockedAfter time.Duration
	// OnHandlerError is called on the loop with an error or a panic of a connection's or a
	// request's handler that would be logged. If it reports false the error is logged.
	OnHandlerError func(what string, err error) bool
	// OnLeft is called with the tasks that still live when main returns and were
	// not cancelled before.
	OnLeft func(left []*Task)
}

// A Flight keeps what happened last, for the moment of a stall.
type Flight interface {
	// Snapshot writes it to a file, and returns its path; empty after Stop. From one
	// goroutine at a time.
	Snapshot() (path string, err error)
	Stop()
}

// DefaultConfig is the configuration without options.
func DefaultConfig() Config {
	return Config{ShutdownTimeout: 10 * time.Second, StallThreshold: 100 * time.Millisecond, Stderr: os.Stderr}
}

// log writes a message with the name of the loop, if it has one.
func (l *Loop) log(level slog.Level, msg string, args ...any) {
	logger := l.logger()
	if l.cfg.Name != "" {
		logger = logger.With("loop", l.cfg.Name)
	}
	logger.Log(context.Background(), level, msg, args...)
}

func (l *Loop) logger() *slog.Logger {
	if l.cfg.Logger != nil {
		return l.cfg.Logger
	}
	return slog.Default()
}

// HandlerFailed is called with an error of a handler, and reports whether it need not be
// logged. On the loop only.
func (l *Loop) HandlerFailed(what string, err error) bool {
	return l.cfg.OnHandlerError != nil && l.cfg.OnHandlerError(what, err)
}

// Unhandled is an error that nobody received.
type Unhandled struct {
	Task    *Task // nil when its handle is gone already, and for callbacks
	Name    string
	Created string
	Err     error
}

// report hands u to the handler, or logs it. A handler that panics is logged
// and does no further harm.
func (l *Loop) report(u Unhandled) {
	if l.cfg.OnUnhandled == nil {
		l.log(slog.LevelError, "asyncio: unhandled error", "task", u.Name, "created", u.Created, "error", u.Err)
		return
	}
	defer func() {
		if v := recover(); v != nil {
			l.log(slog.LevelError, "asyncio: the error handler panicked", "panic", fmt.Sprint(v),
				"task", u.Name, "created", u.Created, "error", u.Err, "stack", abortStack())
		}
	}()
	l.cfg.OnUnhandled(u)
}
