package procpool

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"time"
)

// Options configure a pool. The zero value works.
type Options struct {
	// Workers is the maximum number of worker processes. The default is
	// runtime.NumCPU().
	Workers int
	// TasksPerWorker is the number of calls after which a worker is replaced. The
	// default, 0, means never.
	TasksPerWorker int
	// QueueLimit is the maximum number of accepted calls that wait for a worker. Start
	// suspends further calls. The default, 0, means no limit.
	QueueLimit int
	// Nice is added to the niceness that the workers inherit, 0 to 19. Unix only.
	Nice int
	// GOMAXPROCS is set in each worker, at most 1024. The default is 2, so that the
	// garbage collector and cancellation run in parallel with the function.
	GOMAXPROCS int
	// MemoryLimit bounds the memory for the data of a worker, in bytes. It must be at
	// least 16 MiB. The worker collects garbage to stay below it, and crashes above it.
	// The default, 0, means no limit. Linux only.
	MemoryLimit int64
	// MaxMessage is the size of the largest argument or result in bytes. The default is
	// 1 GiB.
	MaxMessage int64
	// KillGrace is how long a function may run after its ctx was cancelled, before its
	// worker is killed. The caller waits that long: a call with a timeout of 5 s whose
	// function ignores its ctx returns after 5 s plus KillGrace. The default is 2 s.
	KillGrace time.Duration
	// IdleTimeout is how long the pool keeps an idle worker. The default is a minute.
	IdleTimeout time.Duration
	// StartTimeout bounds the time from the start of a worker until main has called Main
	// and Init has returned. The default is 10 s.
	StartTimeout time.Duration
	// Init runs in each new worker before its first call, for example to open a model. It
	// must be a declared function or a result of RegisterInit, because only its name is
	// sent to the worker. New refuses any other function, because it may use variables
	// that a worker does not have. Its ctx ends after three quarters of StartTimeout, so
	// that Init can return before the worker is killed.
	Init func(ctx context.Context) error
	// Env is added to the environment of the workers, as "KEY=value".
	Env []string
	// Dir is the working directory of the workers. The default is that of the program.
	Dir string
	// Stdout and Stderr receive the output of the workers. If nil, each line goes to
	// Logger. Several goroutines call Write, one at a time. A Write that does not return
	// blocks the workers that print, and Close.
	Stdout, Stderr io.Writer
	// Logger receives the output of the workers, line by line, with the worker and the
	// call. The default is slog.Default().
	Logger *slog.Logger
}

const (
	defaultKillGrace    = 2 * time.Second
	defaultIdleTimeout  = time.Minute
	defaultStartTimeout = 10 * time.Second
	defaultMaxMessage   = 1 << 30
	minMemoryLimit      = 16 << 20
	maxWorkers          = 10_000
	maxGOMAXPROCS       = 1024 // with 10,000 the runtime has no time left for the worker
)

// withDefaults returns the options with the defaults for zero values, or an error that
// names the first invalid field.
func (o Options) withDefaults() (Options, error) {
	bad := func(field string, value any, allowed string) (Options, error) {
		return o, fmt.Errorf("procpool: Options.%s is %v: must be %s", field, value, allowed)
	}
	switch {
	case o.Workers < 0 || o.Workers > maxWorkers:
		return bad("Workers", o.Workers, fmt.Sprintf("from 0 to %d", maxWorkers))
	case o.TasksPerWorker < 0:
		return bad("TasksPerWorker", o.TasksPerWorker, "at least 0")
	case o.QueueLimit < 0:
		return bad("QueueLimit", o.QueueLimit, "at least 0")
	case o.Nice < 0 || o.Nice > 19:
		return bad("Nice", o.Nice, "from 0 to 19")
	case o.GOMAXPROCS < 0 || o.GOMAXPROCS > maxGOMAXPROCS:
		return bad("GOMAXPROCS", o.GOMAXPROCS, fmt.Sprintf("from 0 to %d", maxGOMAXPROCS))
	case o.MemoryLimit != 0 && o.MemoryLimit < minMemoryLimit:
		return bad("MemoryLimit", o.MemoryLimit, fmt.Sprintf("0, or at least %d bytes", minMemoryLimit))
	case o.MaxMessage < 0:
		return bad("MaxMessage", o.MaxMessage, "at least 0")
	case o.KillGrace < 0:
		return bad("KillGrace", o.KillGrace, "at least 0")
	case o.IdleTimeout < 0:
		return bad("IdleTimeout", o.IdleTimeout, "at least 0")
	case o.StartTimeout < 0:
		return bad("StartTimeout", o.StartTimeout, "at least 0")
	}
	for _, e := range o.Env {
		if !isAssignment(e) {
			return bad("Env", fmt.Sprintf("%q", e), `"KEY=value"`)
		}
	}
	if err := supported(o); err != nil {
		return o, err
	}
	setDefault(&o.Workers, runtime.NumCPU())
	setDefault(&o.GOMAXPROCS, 2)
	setDefault(&o.MaxMessage, defaultMaxMessage)
	setDefault(&o.KillGrace, defaultKillGrace)
	setDefault(&o.IdleTimeout, defaultIdleTimeout)
	setDefault(&o.StartTimeout, defaultStartTimeout)
	return o, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func isAssignment(s string) bool {
	return strings.Index(s, "=") > 0 && !strings.Contains(s, "\x00")
}

func (o *Options) logger() *slog.Logger {
	if o.Logger != nil {
		return o.Logger
	}
	return slog.Default()
}
