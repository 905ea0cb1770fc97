package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// serveUntil runs a service in virtual time, interrupts it at the given time,
// and returns how long after the interruption it ended, and its error.
func serveUntil(ctx context.Context, t *testing.T, s *service, at time.Duration) (took time.Duration, err error) {
	t.Helper()
	interrupted, interrupt := context.WithCancel(ctx)
	defer interrupt()
	serving := asyncio.Go(ctx, func(context.Context) error { return s.serve(interrupted) })
	if err := asyncio.Sleep(ctx, at); err != nil {
		t.Fatal(err)
	}
	interrupt()
	start := time.Now()
	_, err = serving.Await(ctx)
	return time.Since(start), err
}

func expectOutput(t *testing.T, out *bytes.Buffer, want string) {
	t.Helper()
	if got := out.String(); got != want {
		t.Errorf("it printed:\n%s\nwant:\n%s", got, want)
	}
}

func TestWhatWasAcceptedIsFinished(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		s := newService(&out)
		s.workers = 1
		took, err := serveUntil(ctx, t, s, 500*time.Millisecond)
		if err != nil {
			t.Error(err)
		}
		if took != 2500*time.Millisecond { // three jobs of a second, one after the other, half a second of which has passed
			t.Errorf("it ended %v after the interruption, want 2.5s", took)
		}
		expectOutput(t, &out, `job 1: accepted
job 1: begins
job 2: accepted
job 3: accepted
accepting no more; 3 accepted jobs have 10s to finish
job 1: done
job 2: begins
job 2: done
job 3: begins
job 3: done
`)
	})
}

func TestWhatDoesNotFinishInTimeIsCancelledAndGivenBack(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		s := newService(&out)
		s.workers, s.drain = 1, 700*time.Millisecond
		took, err := serveUntil(ctx, t, s, 500*time.Millisecond)
		if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "2 of 3 accepted jobs were not finished: context deadline exceeded" {
			t.Errorf("error %v", err)
		}
		if took != 710*time.Millisecond { // and 10 ms to give it back
			t.Errorf("it ended %v after the interruption, want 710ms", took)
		}
		expectOutput(t, &out, `job 1: accepted
job 1: begins
job 2: accepted
job 3: accepted
accepting no more; 3 accepted jobs have 700ms to finish
job 1: done
job 2: begins
job 2: half of it cancelled
job 2: half of it cancelled
job 2: given back
`)
	})
}

// A queue that is full holds the acceptor in Put when the interruption comes. It
// is not accepted then: nothing that was not accepted is done, or lost.
func TestInterruptedWhileTheQueueIsFull(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		s := newService(&out)
		s.workers, s.every, s.job = 1, 0, time.Second
		if _, err := serveUntil(ctx, t, s, 500*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if s.accepted != 101 || s.done != 10 { // one with the worker and a hundred in the queue; ten seconds
			t.Errorf("%d jobs accepted and %d done, want 101 and 10", s.accepted, s.done)
		}
	})
}

func TestInterruptedBeforeItBegan(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		interrupted, interrupt := context.WithCancel(ctx)
		interrupt()
		if err := newService(&out).serve(interrupted); err != nil {
			t.Error(err)
		}
		expectOutput(t, &out, "accepting no more; 0 accepted jobs have 10s to finish\n")
	})
}

func TestACommandLineThatMakesNoSense(t *testing.T) {
	for _, c := range []struct {
		args  []string
		names []string // the value, and what was expected
	}{
		{[]string{"-workers", "0"}, []string{"-workers is 0", "from 1"}},
		{[]string{"-every", "-1s"}, []string{"-every is -1s", "from 0"}},
		{[]string{"-job", "-1ms"}, []string{"-job is -1ms", "from 0"}},
		{[]string{"-drain", "-2h"}, []string{"-drain is -2h", "from 0"}},
		{[]string{"-drain", "soon"}, []string{`"soon"`, "-drain duration"}},
		{[]string{"-job", "1s", "fast"}, []string{`"fast"`, "flags only"}},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(c.args, &stdout, &stderr); status != 2 || stdout.Len() > 0 {
			t.Errorf("%q: exit status %d, want 2; it printed %q", c.args, status, &stdout)
		}
		for _, name := range c.names {
			if !strings.Contains(stderr.String(), name) {
				t.Errorf("%q: stderr does not say %q:\n%s", c.args, name, &stderr)
			}
		}
	}
	var stdout, stderr bytes.Buffer
	if status := run([]string{"-h"}, &stdout, &stderr); status != 0 || !strings.Contains(stderr.String(), "-drain duration") {
		t.Errorf("-h: exit status %d, stderr %q; want 0 and the flags", status, &stderr)
	}
}
