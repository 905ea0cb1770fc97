//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// outcome is what a call came to.
type outcome string

const (
	result   outcome = "result"
	failure  outcome = "*RemoteError"
	panicked outcome = "*PanicError"
	crash    outcome = "*WorkerCrash of its own"
	felled   outcome = "*WorkerCrash from outside"
	ended    outcome = "cancelled"
	late     outcome = "deadline exceeded"
	wrong    outcome = "wrong"
)

// judge says what a call came to, or what is wrong with that. killed are the workers
// that were killed from outside.
func (p plan) judge(a answer, err error, killed map[int]bool) (outcome, error) {
	d := deedNamed(p.Deed)
	var died *procpool.WorkerCrash
	var panicError *asyncio.PanicError
	var remote *asyncio.RemoteError
	switch {
	case err == nil && d.comesTo == result:
		if err := a.check(p.order); err != nil {
			return wrong, err
		}
		return result, nil
	case errors.As(err, &died) && killed[died.Pid]: // also if it was about to die by its deed
		return felled, nil
	case errors.As(err, &died) && d.crashed != nil && d.crashed(died):
		return crash, nil
	case errors.As(err, &panicError) && d.comesTo == panicked:
		return panicked, nil
	case errors.Is(err, errRefused) && errors.As(err, &remote) && d.comesTo == failure:
		return failure, nil
	case errors.Is(err, context.Canceled) && p.manner == cancelledSoon:
		return ended, nil
	case errors.Is(err, context.DeadlineExceeded) && p.manner == withDeadline:
		return late, nil
	}
	return wrong, fmt.Errorf("nothing explains its end: %v (%T)", err, err)
}

// runs says how often the function may have run at least and at most, as the call
// came to that.
func (o outcome) runs() (least, most int) {
	switch o {
	case result, failure, panicked, crash:
		return 1, 1
	}
	return 0, 1
}

// A report is what a soak has found. It belongs to the loop.
type report struct {
	pending map[uint64]plan
	ended   map[uint64]verdict
	counts  map[outcome]int
	killed  map[int]bool // pids of workers that got a signal from outside
	stats   procpool.Stats

	violated   int
	violations []string // the first of them
}

// A verdict is what a call came to.
type verdict struct {
	outcome
	plan string
	err  error // the call's, and kept for crashes only
}

func (v verdict) String() string {
	if v.err == nil {
		return fmt.Sprintf("%s came to: %s", v.plan, v.outcome)
	}
	return fmt.Sprintf("%s came to: %s: %v", v.plan, v.outcome, v.err)
}

func newReport() *report {
	return &report{pending: map[uint64]plan{}, ended: map[uint64]verdict{}, counts: map[outcome]int{}, killed: map[int]bool{}}
}

func (r *report) violation(format string, args ...any) {
	if r.violated++; r.violated <= 20 {
		r.violations = append(r.violations, fmt.Sprintf(format, args...))
	}
}

func (r *report) begin(p plan) { r.pending[p.Number] = p }

func (r *report) end(p plan, a answer, err error) {
	if before, twice := r.ended[p.Number]; twice {
		r.violation("ended twice: first, %v", before)
	}
	o, problem := p.judge(a, err, r.killed)
	if problem != nil {
		r.violation("%v: %v", p, problem)
	}
	delete(r.pending, p.Number)
	v := verdict{outcome: o, plan: p.String()}
	if o == crash || o == felled {
		v.err = err
	}
	r.ended[p.Number] = v
	r.counts[o]++
}

func (p plan) String() string {
	return fmt.Sprintf("call %d.%d (%s, awaited %s)", p.Number>>32, uint32(p.Number), p.Deed, p.manner)
}

// compare holds what the calls came to against what the workers noted.
func (r *report) compare(times map[uint64]int) {
	for number, v := range r.ended {
		if least, most := v.runs(); times[number] < least || times[number] > most {
			r.violation("run %d times: %v", times[number], v)
		}
	}
	for number := range times {
		if _, known := r.ended[number]; !known {
			r.violation("call %d.%d was run and has not ended", number>>32, uint32(number))
		}
	}
}

// settle holds the pool's own figures against the calls that it accepted.
func (r *report) settle(accepted uint64, s procpool.Stats) {
	r.stats = s
	if sum := s.Completed + s.Failed + s.Cancelled + s.Crashed; sum != accepted {
		r.violation("the pool accepted %d calls and ended %d", accepted, sum)
	}
	if n := uint64(r.counts[result]); s.Completed < n {
		r.violation("%d calls came to a result, and the pool completed %d", n, s.Completed)
	}
	if s.Queued != 0 || len(s.Workers) != 0 {
		r.violation("the closed pool has %d calls in its queue and %d workers", s.Queued, len(s.Workers))
	}
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "%8d calls\n", len(r.ended)+len(r.pending))
	for _, o := range slices.Sorted(maps.Keys(r.counts)) {
		fmt.Fprintf(w, "%8d %s\n", r.counts[o], o)
	}
	fmt.Fprintf(w, "%8d without an end\n", len(r.pending))
	fmt.Fprintf(w, "%8d workers started, %d killed from outside, %d for going on after a cancellation\n", r.stats.Started, len(r.killed), r.stats.Killed)
	fmt.Fprintf(w, "%8d violations\n", r.violated)
}
