package main

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Remedies for virtual time. A computation is a time.Sleep, which blocks the loop and advances the
// clock.

// blockFor blocks the loop.
func blockFor(ctx context.Context, n int64) (int64, error) {
	time.Sleep(2 * time.Second)
	return closedSum(n), ctx.Err()
}

// inPieces yields after each stride.
func inPieces(ctx context.Context, n int64) (int64, error) {
	for range 200 {
		time.Sleep(10 * time.Millisecond)
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return 0, err
		}
	}
	return closedSum(n), nil
}

// onThread computes in another goroutine.
func onThread(ctx context.Context, n int64) (int64, error) {
	return asyncio.ToThread(ctx, func(ctx context.Context) (int64, error) {
		time.Sleep(2 * time.Second)
		return closedSum(n), nil
	})
}

var pretended = []remedy{
	{name: "none", how: "it blocks", run: blockFor, verdict: "not felt"},
	{name: "pieces", how: "it yields", run: inPieces, verdict: "fine: it yields"},
	{name: "thread", how: "it is elsewhere", run: onThread, verdict: "fine: it is elsewhere", beside: "it takes turns with the loop"},
	{name: "process", how: "it is outside", run: onThread, verdict: "fine: it is outside", beside: "it lets the loop go first"},
}

// observe runs an experiment in virtual time.
func observe(t *testing.T, e experiment, r remedy) trace {
	var tr trace
	net := asynciotest.WithNetwork(asynciotest.NewNetwork())
	e.loops = []asyncio.Option{net}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		rec := newRecorder()
		if err := e.run(ctx, r, rec); err != nil {
			t.Errorf("the experiment with %s: %v", r.name, err)
		}
		tr = rec.snapshot()
	}, net, asynciotest.AllowStalls())
	return tr
}

// TestLanesOfRemedies: the lane shows how the remedy affects the heartbeat.
func TestLanesOfRemedies(t *testing.T) {
	e := experiment{n: 1000, jobs: 1, interval: 500 * time.Millisecond, lead: 2 * time.Second}
	for _, c := range []struct {
		run                func(context.Context, int64) (int64, error)
		lane               string
		expected, received int
		worst              time.Duration
		timedOut           int // 2 s of a client that gives up after 300 ms and asks again 100 ms later
	}{
		{blockFor, "|...|...|...|...|###############|...|...|...|...", 12, 9, 2 * time.Second, 5},
		{inPieces, "|...|...|...|...|###|###|###|###|...|...|...|...", 12, 12, 510 * time.Millisecond, 0}, // a tick waits for a piece
		{onThread, "|...|...|...|...|###|###|###|###|...|...|...|...", 12, 12, 500 * time.Millisecond, 0},
	} {
		tr := observe(t, e, remedy{name: "swapped in", run: c.run})
		if got := lane(tr, 125*time.Millisecond, 80, 0); got != c.lane {
			t.Errorf("lane %s, want %s", got, c.lane)
		}
		s := tr.score(e.interval)
		if s.expected != c.expected || s.received != c.received || s.worstGap != c.worst || s.computing != 2*time.Second {
			t.Errorf("score %+v, want %d expected, %d received, worst gap %v, 2 s of computing", s, c.expected, c.received, c.worst)
		}
		if s.timedOut != c.timedOut || s.asked < 20 {
			t.Errorf("the client timed out %d times of %d, want %d of 20 at least", s.timedOut, s.asked, c.timedOut)
		}
	}
}

// TestSwappedRemedy: with a blocking computation a remedy gets another lane and verdict.
func TestSwappedRemedy(t *testing.T) {
	e := experiment{n: 1000, jobs: 1, interval: 500 * time.Millisecond, lead: time.Second}
	thread := remedyNamed(t, "thread")
	swapped := thread
	swapped.run = blockFor

	judge := func(r remedy) (string, style) {
		return verdict(result{remedy: r, score: observe(t, e, r).score(e.interval)}, e)
	}
	if text, mood := judge(thread); text != thread.verdict || mood != green {
		t.Errorf("verdict on the thread: %q", text)
	}
	if text, mood := judge(swapped); text != "blocks the loop: not one tick for 2.00 s, 3 ticks lost" || mood != red {
		t.Errorf("verdict on a blocking computation under the name of the thread: %q", text)
	}
}

// TestConcurrentJobs: blocking jobs run one after the other, threads in parallel.
func TestConcurrentJobs(t *testing.T) {
	e := experiment{n: 1000, jobs: 3, interval: 500 * time.Millisecond, lead: 2 * time.Second}
	if got := observe(t, e, remedy{run: blockFor}).score(e.interval).computing; got != 6*time.Second {
		t.Errorf("three blocking computations took %v, want 6 s", got)
	}
	if got := observe(t, e, remedy{run: onThread}).score(e.interval).computing; got != 2*time.Second {
		t.Errorf("three computations on threads took %v, want 2 s", got)
	}
}

// TestFailingRemedy: the error of a remedy ends the experiment.
func TestFailingRemedy(t *testing.T) {
	broken := errors.New("broken")
	net := asynciotest.WithNetwork(asynciotest.NewNetwork())
	e := experiment{n: 1, jobs: 2, interval: time.Second, lead: time.Second, loops: []asyncio.Option{net}}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			return e.run(ctx, remedy{run: func(context.Context, int64) (int64, error) { return 0, broken }}, newRecorder())
		})
		if !errors.Is(err, broken) {
			t.Errorf("error %v, want %v", err, broken)
		}
	}, net, asynciotest.AllowStalls())
}

// TestFollow_BlockedLoop: the painter draws while the loop is blocked.
func TestFollow_BlockedLoop(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var during atomic.Int64
		out := &countingWriter{n: &during}
		rec := newRecorder()
		p := &lanePainter{screen: &screen{w: out, marks: asciiMarks}, scale: scale{100 * time.Millisecond, 80}}
		stop := p.follow(rec)
		rec.tick()
		rec.computing()
		time.Sleep(1050 * time.Millisecond) // on the loop
		if got := during.Load(); got != 10 {
			t.Errorf("%d cells were drawn while the loop was blocked, want 10", got)
		}
		rec.computed([]int64{1})
		rec.end()
		stop()
		if got := string(out.text); got != "|##########" {
			t.Errorf("lane %q", got)
		}
	}, asynciotest.AllowStalls())
}

// A countingWriter keeps the output and its length.
type countingWriter struct {
	text []byte
	n    *atomic.Int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.text = append(w.text, p...)
	w.n.Add(int64(len(p)))
	return len(p), nil
}
