// Package observe holds what the library tells of itself against the parsers of those who read it.
package observe

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"golang.org/x/exp/trace"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// The trace of a stall holds the very event that blocked the loop: the goroutine that began to wait, with the
// user's function in its stack. On a busy machine the first report may come before the goroutine waits.
func TestTheTraceHoldsTheBlocking(t *testing.T) {
	for range 5 {
		if blockingTraced(t) {
			return
		}
	}
	t.Error("in no trace a goroutine begins to wait in block")
}

func blockingTraced(t *testing.T) (found bool) {
	release := make(chan struct{})
	file := ""
	err := asyncio.Run(t.Context(), func(context.Context) error { block(release); return nil },
		asyncio.WithLogger(quiet), asyncio.WithStallThreshold(40*time.Millisecond), asyncio.WithFlightRecorder(t.TempDir()),
		asyncio.WithStallHandler(func(s asyncio.Stall) {
			if !s.Ended && s.TaskName == "main" && file == "" {
				file = s.TraceFile
				close(release)
			}
		}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := trace.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := r.ReadEvent()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%s is no whole trace: %v", file, err)
		}
		if e.Kind() != trace.EventStateTransition || e.StateTransition().Resource.Kind != trace.ResourceGoroutine {
			continue
		}
		if _, to := e.StateTransition().Goroutine(); to == trace.GoWaiting {
			for frame := range e.Stack().Frames() {
				found = found || strings.HasSuffix(frame.Func, "observe.block") && strings.HasSuffix(frame.File, "trace_test.go")
			}
		}
	}
	return found
}

//go:noinline
func block(ch chan struct{}) { <-ch }
