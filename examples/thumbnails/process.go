package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"syscall"

	"github.com/asyncio-go/asyncio/procpool"
)

// newPool returns a pool of worker processes. They start when they are needed.
func newPool(o options, log *slog.Logger) (*procpool.Pool, error) {
	return procpool.New(procpool.Options{
		Workers:     o.workers,
		MemoryLimit: o.memory,
		KillGrace:   o.grace,
		Nice:        10, // whoever asks for /healthz goes first
		Logger:      log,
		// The trace of a dying worker is long, and part of its *procpool.WorkerCrash.
		Stderr: io.Discard,
	})
}

// explainCrash returns status and text for a request whose worker died, and false
// for other errors. A death is taken for the picture's fault, except where somebody else
// killed the worker.
func explainCrash(err error) (status int, text string, crashed bool) {
	var crash *procpool.WorkerCrash
	switch {
	case !errors.As(err, &crash):
		return 0, "", false
	case crash.Signal == syscall.SIGKILL:
		return http.StatusServiceUnavailable, "the worker was killed from outside, try again later", true
	}
	reason, _, _ := strings.Cut(crash.Reason, " (") // what is in brackets is for programmers
	if crash.OutOfMemory {
		reason = "out of memory"
	}
	return http.StatusUnprocessableEntity, "this picture cannot be processed, it ended the worker that tried: " + reason, true
}
