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
	// Workers is how many processes there are at most. 0 stands for
	// runtime.NumCPU().
	Workers int
	// TasksPerWorker is after how many calls a worker is replaced; 0: never.
	TasksPerWorker int
	// QueueLimit is how many accepted calls wait for a worker at most; further ones
	// are suspended in Start. 0 stands for no limit.
	QueueLimit int
	// Nice is added to the niceness that the workers inherit, 0 to 19. Unix only.
	Nice int
	// GOMAXPROCS of a worker, at most 1024; 0 stands for 2, so that its collector, and the
	// cancellation, run beside the function.
	GOMAXPROCS int
	// MemoryLimit is how many bytes of memory a worker may have for its data, at
	// least 16 MiB; it tries hard to stay below by collecting, and dies above. 0
	// stands for no limit. Linux only.
	MemoryLimit int64
	// MaxMessage is the size of the largest argument or result in bytes. 0 stands
	// for 1 GiB.
	MaxMessage int64
	// KillGrace is how long a function may run after its ctx was cancelled before its
	// worker is killed. The caller waits for that: a call with a time-out of 5 s whose
	// function does not look at its ctx returns after 5 s plus KillGrace. 0 stands for
	// 2 s.
	KillGrace time.Duration
	// IdleTimeout is how long a worker without work is kept. 0 stands for a minute.
	IdleTimeout time.Duration
	// StartTimeout is how long a worker may take from its start to the line where
	// main calls Main, and Init. 0 stands for 10 s.
	StartTimeout time.Duration
	// Init runs in each new worker before its first call: to open a model, say. It
	// must be a declared function, or a result of RegisterInit, as only its name is sent
	// to the worker. New refuses any other function, because it may use variables that a
	// worker does not have. Its ctx ends when three quarters of StartTimeout have
	// passed, so that it can return before its worker is killed.
	Init func(ctx context.Context) error
	// Env is added to the environment of the workers, as "KEY=value".
	Env []string
	// Dir is the workers' working directory; empty: the program's.
	Dir string
	// Stdout and Stderr get what the workers print. Nil: each line goes to Logger.
	// They are called from several goroutines, one Write at a time. A Write that does not
	// return blocks the workers that print, and Close.
	Stdout, Stderr io.Writer
	// Logger gets the workers' lines, with the worker and the call. Nil:
	// slog.Default().
	Logger *slog.Logger
}

const (
	defaultGrace   = 2 * time.Second
	defaultIdle    = time.Minute
	defaultStart   = 10 * time.Second
	defaultMessage = 1 << 30
	leastMemory    = 16 << 20
	mostWorkers    = 10_000
	mostProcs      = 1024 // with some ten thousand the runtime is busy with itself, and does not even see that the pool is gone
)

// withDefaults returns the options with every zero filled in, or an error that
// names the first field with an impossible value.
func (o Options) withDefaults() (Options, error) {
	bad := func(field string, value any, expected string) (Options, error) {
		return o, fmt.Errorf("procpool: Options.%s is %v: must be %s", field, value, expected)
	}
	switch {
	case o.Workers < 0 || o.Workers > mostWorkers:
		return bad("Workers", o.Workers, fmt.Sprintf("from 0 to %d", mostWorkers))
	case o.TasksPerWorker < 0:
		return bad("TasksPerWorker", o.TasksPerWorker, "at least 0")
	case o.QueueLimit < 0:
		return bad("QueueLimit", o.QueueLimit, "at least 0")
	case o.Nice < 0 || o.Nice > 19:
		return bad("Nice", o.Nice, "from 0 to 19")
	case o.GOMAXPROCS < 0 || o.GOMAXPROCS > mostProcs:
		return bad("GOMAXPROCS", o.GOMAXPROCS, fmt.Sprintf("from 0 to %d", mostProcs))
	case o.MemoryLimit != 0 && o.MemoryLimit < leastMemory:
		return bad("MemoryLimit", o.MemoryLimit, fmt.Sprintf("0, or at least %d bytes", leastMemory))
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
	setDefault(&o.MaxMessage, defaultMessage)
	setDefault(&o.KillGrace, defaultGrace)
	setDefault(&o.IdleTimeout, defaultIdle)
	setDefault(&o.StartTimeout, defaultStart)
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
