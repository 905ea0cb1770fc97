package semantics_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// What no single step shows, in programs that do it, and one long step, which is none of it.

// odd is the class of a report that is of no long step.
func odd(c asyncio.StallClass) bool {
	return c == asyncio.StallManySteps || c == asyncio.StallSpinner || c == asyncio.StallLateTimer
}

// A misbehaviour goes on until done says that it was reported.
type misbehaviour struct {
	name      string
	class     asyncio.StallClass
	task      string // whose report it is; "": any
	blame     string
	advice    string
	threshold time.Duration
	run       func(ctx context.Context, done func() bool)
}

// together has n tasks ready in one turn, again and again.
func together(ctx context.Context, n int, done func() bool, step func()) {
	for !done() {
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range n {
				asyncio.Go(ctx, func(context.Context) error {
					if !done() {
						step()
					}
					return nil
				})
			}
			return nil
		})
	}
}

// crumb is some tenth of a millisecond of computation.
func crumb() {
	for n := range 20_000 {
		sink.Store(int64(n))
	}
}

var sink atomic.Int64

var misbehaviours = []misbehaviour{
	{"many small steps", asyncio.StallManySteps, "", "many steps", "NewSemaphore", stallThreshold,
		func(ctx context.Context, done func() bool) { together(ctx, 4000, done, crumb) }},
	{"steps that are long, but not too long", asyncio.StallManySteps, "", "many steps", "NewSemaphore", 4 * stallThreshold,
		func(ctx context.Context, done func() bool) {
			together(ctx, 100, done, func() {
				for began := time.Now(); time.Since(began) < 12*time.Millisecond; {
					crumb()
				}
			})
		}},
	{"a spinner", asyncio.StallSpinner, "main", "yields without end", "asyncio.Event", stallThreshold / 2,
		func(ctx context.Context, done func() bool) {
			for !done() {
				asyncio.Sleep(ctx, 0)
			}
		}},
	{"two that spin by turns", asyncio.StallSpinner, "", "yields without end", "asyncio.Event", stallThreshold / 2,
		func(ctx context.Context, done func() bool) {
			spin := func(ctx context.Context) error {
				for !done() {
					asyncio.Sleep(ctx, 0)
				}
				return nil
			}
			asyncio.GatherResults(ctx, asyncio.Proc(spin), asyncio.Proc(spin))
		}},
}

// Each goes on until it is told of. Where other programs hold its steps, which are short, up so often that there are
// five reports of something else, nothing was proved, and it begins anew. In virtual time nobody holds up anything.
func TestStall_WhatNoStepShowsIsToldApart(t *testing.T) {
	for _, m := range misbehaviours {
		t.Run(m.name, func(t *testing.T) {
			for range 10 {
				if m.reported(t) {
					return
				}
			}
			t.Log("the machine held the loop up ten times in a row")
		})
	}
}

// A turn of two hundred steps of a millisecond, of which none is long.
func TestStall_ManySteps(t *testing.T) {
	var told []asyncio.Stall
	var seen atomic.Bool
	inBubble(t, func(ctx context.Context, t *testing.T) {
		together(ctx, 200, seen.Load, func() { time.Sleep(time.Millisecond) })
	}, asyncio.WithStallHandler(func(s asyncio.Stall) { told = append(told, s); seen.Store(true) }))
	if len(told) != 2 || told[0].Ended || !told[1].Ended || told[1].Class != asyncio.StallManySteps || !strings.Contains(told[1].Blame, "ran 200,") || told[0].Class != asyncio.StallManySteps || told[0].Elapsed < 50*time.Millisecond ||
		!strings.Contains(told[0].Blame, "many steps") || !strings.Contains(told[0].Advice, "NewSemaphore") {
		t.Errorf("told of %v, want many steps, and the end", told)
	}
}

// Ten thousand callbacks in a turn: its end names them, their number and how long they took.
func TestStall_ManyCallbacks(t *testing.T) {
	var told []asyncio.Stall
	site := ""
	inBubble(t, func(ctx context.Context, t *testing.T) {
		for range 10_000 {
			asyncio.LoopOf(ctx).CallSoon(crumbs)
			site = above()
		}
		asyncio.Sleep(ctx, time.Second)
	}, asyncio.WithStallHandler(func(s asyncio.Stall) { told = append(told, s) }))
	if len(told) != 2 || !told[1].Ended {
		t.Fatalf("told of %v, want many steps and the end", told)
	}
	s := told[1]
	if s.Class != asyncio.StallManySteps || s.Elapsed < 900*time.Millisecond || !strings.HasSuffix(s.TaskName, "_test.crumbs") || filepath.Base(s.Created) != site ||
		!strings.Contains(s.Blame, "ran 10000,") || !strings.Contains(s.Advice, "batches") {
		t.Errorf("the end is told as %v, created at %s", s, s.Created)
	}
}

func crumbs() { time.Sleep(100 * time.Microsecond) }

// reported reports whether the misbehaviour was told of. If not, five steps were that were held up.
func (m misbehaviour) reported(t *testing.T) (seen bool) {
	var over atomic.Bool
	reports := 0
	asyncio.Run(t.Context(), func(ctx context.Context) error {
		ticker := asyncio.Go(ctx, tick)
		m.run(ctx, over.Load)
		ticker.Cancel(nil)
		return nil
	}, asyncio.WithLogger(quiet), asyncio.WithStallThreshold(m.threshold), asyncio.WithStallHandler(func(s asyncio.Stall) {
		switch reports++; {
		case s.Class == m.class && (m.task == "" || m.task == s.TaskName):
			if !strings.Contains(s.Blame, m.blame) || !strings.Contains(s.Advice, m.advice) || s.Elapsed < m.threshold {
				t.Errorf("a report without %q or %q: %v", m.blame, m.advice, s)
			}
			seen = true
			over.Store(true)
		case odd(s.Class) && s.Class != asyncio.StallLateTimer: // the machine may wake the loop late at any time
			t.Errorf("want class %v only: %v", m.class, s)
		case reports == 5:
			over.Store(true)
		}
	}))
	return seen
}

// tick waits for ever, a little at a time.
func tick(ctx context.Context) error {
	for {
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

// A step over the threshold makes timers late and its turn long, and is reported as what it is. A machine that
// wakes the loop late as well does not do so each time.
func TestStall_ALongStepIsNothingElse(t *testing.T) {
	var told []asyncio.Stall
	for range 10 {
		if told = oddBesideALongStep(t); len(told) == 0 {
			return
		}
	}
	t.Errorf("a long step is told of as %v", told)
}

func oddBesideALongStep(t *testing.T) (told []asyncio.Stall) {
	var over atomic.Bool
	reports := 0
	asyncio.Run(t.Context(), func(ctx context.Context) error {
		ticker := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, stallThreshold/4) })
		asyncio.Sleep(ctx, time.Millisecond)
		for !over.Load() {
			time.Sleep(3 * stallThreshold)
		}
		for range 20 {
			asyncio.Sleep(ctx, time.Millisecond)
		}
		ticker.Await(ctx)
		return nil
	}, asyncio.WithLogger(quiet), asyncio.WithStallThreshold(stallThreshold), asyncio.WithStallHandler(func(s asyncio.Stall) {
		reports++
		if odd(s.Class) {
			told = append(told, s)
		} else {
			over.Store(true)
		}
	}))
	if reports == 0 {
		t.Error("the long step was not told of")
	}
	return told
}

// A loop that is busy for long with many tasks that do wait, in turns that are short, is none of it. A machine
// that stands still in a turn does not do so each time.
func TestStall_ABusyLoopIsNothingOdd(t *testing.T) {
	var told []asyncio.Stall
	for range 10 {
		if told = oddInABusyLoop(t); len(told) == 0 {
			return
		}
	}
	t.Errorf("a busy loop is told of as %v", told)
}

func oddInABusyLoop(t *testing.T) (told []asyncio.Stall) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		q := asyncio.NewQueue[int](10)
		for range 50 {
			asyncio.Go(ctx, tick)
			asyncio.Go(ctx, func(ctx context.Context) error {
				for {
					if _, err := q.Get(ctx); err != nil {
						return err
					}
					asyncio.Sleep(ctx, 0)
				}
			})
		}
		for n := range 200_000 / min(fewer, 10) {
			if err := q.Put(ctx, n); err != nil {
				return err
			}
		}
		return nil
	}, asyncio.WithLogger(quiet), asyncio.WithStallThreshold(stallThreshold), asyncio.WithStallHandler(func(s asyncio.Stall) {
		if odd(s.Class) {
			told = append(told, s)
		}
	}))
	if err != nil {
		t.Error(err)
	}
	return told
}
