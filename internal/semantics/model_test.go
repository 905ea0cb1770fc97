package semantics_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// This file holds the loop against a naive twin: random programs of tasks and
// callbacks run on both, and must take the same steps in the same order.

// A script is what a task or a callback does, one action after the other.
// Scripts are numbered; a script starts only scripts with higher numbers, each
// of which is started once, so that every program ends.
type script []action

type action struct {
	do  verb
	arg int // a script, a future, or a number of nanoseconds
	in  int // for callLater: nanoseconds
}

type verb int

const (
	spawn     verb = iota // make script arg a task
	callSoon              // queue script arg as a callback
	callLater             // the same, after some time
	settle                // set future arg
	yield                 // Sleep(ctx, 0); from here on only tasks can
	sleep                 // Sleep(ctx, arg)
	awaitIt               // await future arg
	verbs
)

// newProgram makes script 0, the main task, and those that follow from it.
func newProgram(r *rand.Rand, size, futures int) []script {
	program := make([]script, size)
	isTask := make([]bool, size)
	isTask[0] = true
	for next, i := 1, 0; i < size; i++ {
		for range 2 + r.IntN(6) {
			a := action{do: verb(r.IntN(int(verbs)))}
			switch a.do {
			case spawn, callSoon, callLater:
				if next == size {
					continue
				}
				a.arg, a.in, isTask[next] = next, r.IntN(3), a.do == spawn
				next++
			case settle, awaitIt:
				a.arg = r.IntN(futures)
			case sleep:
				a.arg = 1 + r.IntN(3)
			}
			if a.do < yield || isTask[i] {
				program[i] = append(program[i], a)
			}
		}
		if i == next-1 && next < size { // nothing leads further: go on with a task
			program[i] = append(program[i], action{do: spawn, arg: next})
			isTask[next] = true
			next++
		}
	}
	return program
}

// A twin is a loop as one would write it down first: a slice of what is ready,
// a slice of timers, and a turn that runs as much as was ready when it began.
type twin struct {
	program []script
	now     int
	ready   []func()
	timers  []twinTimer
	set     []bool
	waiting [][]func()
	steps   trace
}

type twinTimer struct {
	at   int
	then func()
}

func (w *twin) run() {
	w.ready = append(w.ready, func() { w.goOn(0, 0) })
	for {
		if len(w.ready) == 0 && len(w.timers) > 0 {
			w.now = max(w.now, slices.MinFunc(w.timers, func(a, b twinTimer) int { return cmp.Compare(a.at, b.at) }).at)
		}
		slices.SortStableFunc(w.timers, func(a, b twinTimer) int { return cmp.Compare(a.at, b.at) })
		for len(w.timers) > 0 && w.timers[0].at <= w.now {
			w.ready = append(w.ready, w.timers[0].then)
			w.timers = w.timers[1:]
		}
		turn := w.ready
		w.ready = nil
		for _, fn := range turn {
			fn()
		}
		if len(turn) == 0 {
			return
		}
	}
}

// goOn runs script s from action i to its end or to where it waits.
func (w *twin) goOn(s, i int) {
	for ; i < len(w.program[s]); i++ {
		a := w.program[s][i]
		w.steps.add(s, ".", i)
		next := func() { w.goOn(s, i+1) }
		switch a.do {
		case spawn, callSoon:
			w.ready = append(w.ready, func() { w.goOn(a.arg, 0) })
		case callLater:
			w.timers = append(w.timers, twinTimer{w.now + a.in, func() { w.goOn(a.arg, 0) }})
		case settle:
			w.set[a.arg] = true
			w.ready = append(w.ready, w.waiting[a.arg]...)
			w.waiting[a.arg] = nil
		case yield:
			w.ready = append(w.ready, next)
			return
		case sleep:
			w.timers = append(w.timers, twinTimer{w.now + a.arg, next})
			return
		case awaitIt:
			if !w.set[a.arg] {
				w.waiting[a.arg] = append(w.waiting[a.arg], next)
				return
			}
		}
	}
}

// perform is goOn on the real loop, from the beginning to the end.
func perform(ctx context.Context, program []script, futures []*asyncio.Future[int], steps *trace, s int) {
	l := asyncio.LoopOf(ctx)
	callback := func(s int) func() { return func() { perform(ctx, program, futures, steps, s) } }
	for i, a := range program[s] {
		steps.add(s, ".", i)
		switch a.do {
		case spawn:
			asyncio.Go(ctx, func(ctx context.Context) error { perform(ctx, program, futures, steps, a.arg); return nil })
		case callSoon:
			l.CallSoon(callback(a.arg))
		case callLater:
			l.CallLater(time.Duration(a.in), callback(a.arg))
		case settle:
			futures[a.arg].SetResult(1)
		case yield:
			asyncio.Sleep(ctx, 0)
		case sleep:
			asyncio.Sleep(ctx, time.Duration(a.arg))
		case awaitIt:
			futures[a.arg].Await(ctx)
		}
	}
}

// S1, S2, S3 and S4 at once: 300 random programs of up to 400 tasks and
// callbacks.
func TestS01_RandomProgramsTakeTheStepsOfANaiveLoop(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			futures := 1 + r.IntN(20)
			program := newProgram(r, 1+r.IntN(400), futures)
			w := &twin{program: program, set: make([]bool, futures), waiting: make([][]func(), futures)}
			w.run()

			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				var steps trace
				fs := make([]*asyncio.Future[int], futures)
				for i := range fs {
					fs[i] = asyncio.NewFuture[int](ctx)
				}
				asyncio.Go(ctx, func(ctx context.Context) error { perform(ctx, program, fs, &steps, 0); return nil })
				asyncio.Sleep(ctx, time.Hour) // until nothing goes on by itself any more
				if len(steps) > len(w.steps) {
					t.Errorf("%d steps, the twin took %d", len(steps), len(w.steps))
				}
				for i, want := range w.steps {
					if i == len(steps) || steps[i] != want {
						t.Errorf("step %d of %d differs:\n got %v\nwant %v", i, len(w.steps), steps[max(0, i-5):min(len(steps), i+5)], w.steps[max(0, i-5):min(len(w.steps), i+5)])
						break
					}
				}
				for _, f := range fs { // whoever waits for what nobody set
					f.Cancel(nil)
				}
				for len(asyncio.LoopOf(ctx).Tasks()) > 1 {
					asyncio.Sleep(ctx, time.Hour)
				}
			})
		})
	}
}
