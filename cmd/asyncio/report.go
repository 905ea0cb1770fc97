package main

import (
	"fmt"
	"slices"
	"strconv"
)

// report prints what the loops logged, the table, and how to choose.
func (a *app) report(e experiment, results []result, apart string) {
	s := a.screen
	s.line("")
	a.logged(results)
	a.resultTable(e, results).print(s)
	s.line("")
	s.text("One run each. Between the lanes the bare computation ran at speeds up to %s apart: "+
		"smaller overheads are noise. A tick counts as lost when it is more than half an interval overdue.", apart)
	s.text("What only waits needs no remedy. A call that blocks belongs in ToThread. " +
		"A long algorithm of your own calls Checkpoint in its loop, or runs in ToThread, " +
		"where it shares processors and memory with the loop, but not its turn.")
}

// logged prints what the loops themselves had to say: a loop that is blocked for
// long logs it, in every program.
func (a *app) logged(results []result) {
	s := a.screen
	var lines []string
	for _, r := range results {
		lines = append(lines, r.reports...)
	}
	if len(lines) == 0 {
		return
	}
	s.line("The loops logged:")
	for _, l := range lines {
		s.hanging("  ", yellow, l)
	}
	s.line("")
}

// resultTable is the table of the results; the first is what the others'
// durations are held against.
func (a *app) resultTable(e experiment, results []result) table {
	t := table{head: []string{"remedy", "computing", "overhead", "ticks due", "received", "worst gap", "s"}}
	for i, r := range results {
		extra := "-"
		if i > 0 {
			extra = overhead(r.score.computing, results[0].score.computing)
		}
		text, mood := verdict(r, e)
		t.rows = append(t.rows, row{
			cells: []string{
				r.remedy.name,
				readable(r.score.computing),
				extra,
				strconv.Itoa(r.score.expected),
				strconv.Itoa(r.score.received),
				readable(r.score.worstGap),
				thousands(r.score.sums[0]),
			},
			remark: text,
			mood:   mood,
		})
	}
	return t
}

// verdict judges a result by what was measured, whatever the remedy promises.
func verdict(r result, e experiment) (string, style) {
	want := closedSum(e.n)
	wrong := func(sum int64) bool { return sum != want }
	missing := r.score.expected - r.score.received
	switch {
	case slices.ContainsFunc(r.score.sums, wrong):
		return fmt.Sprintf("wrong: s must be %s", thousands(want)), red
	case missing > 0 && r.score.worstGap >= r.score.computing/2:
		return fmt.Sprintf("blocks the loop: not one tick for %s, %s lost",
			readable(r.score.worstGap), plural(int64(missing), "tick")), red
	case missing > 0:
		return fmt.Sprintf("holds the loop up: as much as %s between two ticks, %s lost",
			readable(r.score.worstGap), plural(int64(missing), "tick")), yellow
	default:
		return r.remedy.verdict, green
	}
}
