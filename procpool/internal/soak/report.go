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

// An outcome is how a call ended.
type outcome string

const (
	result        outcome = "result"
	failure       outcome = "*RemoteError"
	panicked      outcome = "*PanicError"
	crash         outcome = "*WorkerCrash of the action"
	killedOutside outcome = "*WorkerCrash by a signal"
	ended         outcome = "cancelled"
	late          outcome = "deadline exceeded"
	wrong         outcome = "wrong"
)

// classify returns how a call ended, and an error if that has no known cause. killed are the pids
// of the workers that were killed by a signal.
func (p plan) classify(a answer, err error, killed map[int]bool) (outcome, error) {
	d := actionNamed(p.Action)
	var died *procpool.WorkerCrash
	var panicError *asyncio.PanicError
	var remote *asyncio.RemoteError
	switch {
	case err == nil && d.want == result:
		if err := a.check(p.request); err != nil {
			return wrong, err
		}
		return result, nil
	case errors.As(err, &died) && killed[died.Pid]: // even if the action was about to crash the worker
		return killedOutside, nil
	case errors.As(err, &died) && d.crashed != nil && d.crashed(died):
		return crash, nil
	case errors.As(err, &panicError) && d.want == panicked:
		return panicked, nil
	case errors.Is(err, errRefused) && errors.As(err, &remote) && d.want == failure:
		return failure, nil
	case errors.Is(err, context.Canceled) && p.waitMode == cancelledSoon:
		return ended, nil
	case errors.Is(err, context.DeadlineExceeded) && p.waitMode == withDeadline:
		return late, nil
	}
	return wrong, fmt.Errorf("unexplained end: %v (%T)", err, err)
}

// runs returns the minimum and the maximum number of runs of the function for the outcome.
func (o outcome) runs() (least, most int) {
	switch o {
	case result, failure, panicked, crash:
		return 1, 1
	}
	return 0, 1
}

// A report is the findings of a soak. It is used on the loop only.
type report struct {
	pending map[uint64]plan
	ended   map[uint64]callEnd
	counts  map[outcome]int
	killed  map[int]bool // pids of workers to which the soak sent a signal
	stats   procpool.Stats

	violated   int
	violations []string // the first 20
}

// A callEnd is how a call ended.
type callEnd struct {
	outcome
	plan string
	err  error // the error of the call, for crashes only
}

func (v callEnd) String() string {
	if v.err == nil {
		return fmt.Sprintf("%s ended: %s", v.plan, v.outcome)
	}
	return fmt.Sprintf("%s ended: %s: %v", v.plan, v.outcome, v.err)
}

func newReport() *report {
	return &report{pending: map[uint64]plan{}, ended: map[uint64]callEnd{}, counts: map[outcome]int{}, killed: map[int]bool{}}
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
	o, problem := p.classify(a, err, r.killed)
	if problem != nil {
		r.violation("%v: %v", p, problem)
	}
	delete(r.pending, p.Number)
	v := callEnd{outcome: o, plan: p.String()}
	if o == crash || o == killedOutside {
		v.err = err
	}
	r.ended[p.Number] = v
	r.counts[o]++
}

func (p plan) String() string {
	return fmt.Sprintf("call %d.%d (%s, awaited %s)", p.Number>>32, uint32(p.Number), p.Action, p.waitMode)
}

// checkRuns compares the outcomes with the ledger.
func (r *report) checkRuns(times map[uint64]int) {
	for number, v := range r.ended {
		if least, most := v.runs(); times[number] < least || times[number] > most {
			r.violation("run %d times: %v", times[number], v)
		}
	}
	for number := range times {
		if _, known := r.ended[number]; !known {
			r.violation("call %d.%d has run and not ended", number>>32, uint32(number))
		}
	}
}

// checkStats compares the pool's counters with the calls that it accepted.
func (r *report) checkStats(accepted uint64, s procpool.Stats) {
	r.stats = s
	if sum := s.Completed + s.Failed + s.Cancelled + s.Crashed; sum != accepted {
		r.violation("the pool accepted %d calls and ended %d", accepted, sum)
	}
	if n := uint64(r.counts[result]); s.Completed < n {
		r.violation("%d calls have a result, but the pool completed %d", n, s.Completed)
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
	fmt.Fprintf(w, "%8d not ended\n", len(r.pending))
	fmt.Fprintf(w, "%8d workers started, %d killed by the soak, %d killed after a cancellation\n", r.stats.Started, len(r.killed), r.stats.Killed)
	fmt.Fprintf(w, "%8d violations\n", r.violated)
}
