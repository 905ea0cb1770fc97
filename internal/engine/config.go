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

// Config is the configuration of a loop. The options of the public package set its fields.
type Config struct {
	Name            string
	Logger          *slog.Logger // nil: slog.Default at the time of the message
	Debug           bool
	ShutdownTimeout time.Duration
	PanicsAsErrors  bool

	// StallThreshold is the duration from which on the watch reports a step; 0: no watch.
	// OnStall is called with each report before it is logged, in its own goroutine.
	StallThreshold time.Duration
	OnStall        func(Stall)
	// StallsFail turns on the watch in a bubble. Run then returns an error, made by
	// NewStallError, for each stall that the program has caused.
	StallsFail    bool
	NewStallError func(Stall) error
	// EveryStall removes the limit of reports, for tests of the watch.
	EveryStall bool
	// BadStall is the warning for an invalid value of ASYNCIO_STALL; "": none.
	BadStall string
	// StartFlight starts the flight recorder when the loop starts; nil: none. It is a field so
	// that only programs that use the recorder link it.
	StartFlight func(*Config) (Flight, error)

	// OnUnhandled is called with an error that no caller has received; nil: it is logged.
	OnUnhandled func(Unhandled)
	// NewPanicError makes the public error of a recovered value and its stack. It returns a
	// value that is such an error unchanged.
	NewPanicError func(value any, stack []byte) error
	// PrintOnce returns the stack of an error made by NewPanicError, and false if it was
	// called with this error before.
	PrintOnce func(err error) (stack []byte, first bool)
	// NewUnhandledError makes the public error that Run returns for u.
	NewUnhandledError func(u Unhandled) error
	// Stderr gets the stack of a panic at once.
	Stderr io.Writer

	// Network makes the network of the loop, a netport.Maker; nil: that of the system.
	Network any

	// Created is the creation site of main; 0: the call of Run.
	Created coro.Site

	// Virtual is set if the loop runs in a testing/synctest bubble. The loop then has no monitor,
	// and no clean-ups by the garbage collector. If no task can run any more, OnStuck is
	// called once.
	Virtual bool
	OnStuck func(dump string)
	// OnIgnoredCancel is called, in virtual time, with a task that continues to await with a
	// cancelled ctx. Then runtime.Goexit ends the task.
	OnIgnoredCancel func(t *Task, line string)
	// OnBlocked is called in its own goroutine during each step that takes BlockedAfter or more
	// of virtual time; nil: steps may take time.
	OnBlocked    func(Stall)
	BlockedAfter time.Duration
	// OnHandlerError is called on the loop with an error or a panic of a connection's or a
	// request's handler that would be logged. If it reports false the error is logged.
	OnHandlerError func(what string, err error) bool
	// OnLeft is called, when main returns, with the tasks that have not ended and were not
	// cancelled before.
	OnLeft func(left []*Task)
}

// A Flight is a flight recorder.
type Flight interface {
	// Snapshot writes the trace of the last seconds to a file, and returns its path. It returns ""
	// after Stop. One goroutine at a time may call it.
	Snapshot() (path string, err error)
	Stop()
}

// DefaultConfig returns the configuration without options.
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

// HandlerFailed calls OnHandlerError with an error of a handler. It reports whether the error is handled,
// and must not be logged. On the loop only.
func (l *Loop) HandlerFailed(what string, err error) bool {
	return l.cfg.OnHandlerError != nil && l.cfg.OnHandlerError(what, err)
}

// Unhandled is an error that no caller has received.
type Unhandled struct {
	Task    *Task // nil when its handle is gone already, and for callbacks
	Name    string
	Created string
	Err     error
}

// report calls the handler with u, or logs it. The panic of a handler is logged.
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
