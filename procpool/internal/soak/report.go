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

// judge says what a call came to, or what is wrong with that.
func (p plan) judge(a answer, err error) (outcome, error) {
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
	case errors.As(err, &died) && d.crashed != nil && d.crashed(died):
		return crash, nil
	case errors.As(err, &died) && fromOutside(died):
		return felled, nil
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
	ended   map[uint64]outcome
	counts  map[outcome]int
	kills   int // of workers, from outside
	stats   procpool.Stats

	violated   int
	violations []string // the first of them
}

func newReport() *report {
	return &report{pending: map[uint64]plan{}, ended: map[uint64]outcome{}, counts: map[outcome]int{}}
}

func (r *report) violation(format string, args ...any) {
	if r.violated++; r.violated <= 20 {
		r.violations = append(r.violations, fmt.Sprintf(format, args...))
	}
}

func (r *report) begin(p plan) { r.pending[p.Number] = p }

func (r *report) end(p plan, a answer, err error) {
	if before, twice := r.ended[p.Number]; twice {
		r.violation("%v ended twice, first with: %s", p, before)
	}
	o, problem := p.judge(a, err)
	if problem != nil {
		r.violation("%v: %v", p, problem)
	}
	delete(r.pending, p.Number)
	r.ended[p.Number] = o
	r.counts[o]++
}

func (p plan) String() string {
	return fmt.Sprintf("call %d.%d (%s, awaited %s)", p.Number>>32, uint32(p.Number), p.Deed, p.manner)
}

// compare holds what the calls came to against what the workers noted.
func (r *report) compare(times map[uint64]int) {
	for number, o := range r.ended {
		if least, most := o.runs(); times[number] < least || times[number] > most {
			r.violation("call %d.%d was run %d times and came to: %s", number>>32, uint32(number), times[number], o)
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
	fmt.Fprintf(w, "%8d workers started, %d killed from outside, %d for going on after a cancellation\n", r.stats.Started, r.kills, r.stats.Killed)
	fmt.Fprintf(w, "%8d violations\n", r.violated)
}
