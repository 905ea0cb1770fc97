package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A summary is the results of the experiments, for the screen and the page.
type summary struct {
	experiment experiment
	results    []result
	apart      string // the variation of the speed of the machine
	processors int
}

// report prints what the loops logged, the tables, and how to choose a remedy.
func (a *app) report(sum summary) {
	s := a.screen
	s.line("")
	if lines := sum.logged(); len(lines) > 0 {
		s.line("The loops logged:")
		for _, l := range lines {
			s.hanging("  ", yellow, l)
		}
		s.line("")
	}
	sum.table().print(s)
	s.line("")
	if sum.crowded() {
		s.text("%s", sum.crowdTitle())
		s.line("")
		sum.crowdTable().print(s)
		s.line("")
		s.text("%s", crowdNote)
		s.line("")
	}
	for _, note := range sum.notes() {
		s.text("%s", note)
	}
}

// logged are the log messages of the loops. A loop that is blocked logs a warning in every program.
func (sum summary) logged() []string {
	var lines []string
	for _, r := range sum.results {
		lines = append(lines, r.reports...)
	}
	return lines
}

// notes describe the accuracy of the numbers, and how to choose.
func (sum summary) notes() []string {
	return []string{
		"Timed out counts the requests of a client over TCP that got no response in " + rough(patience) + ". " +
			"Each remedy ran once. Between the lanes the speed of the computation varied by " + sum.apart + ": " +
			"smaller overheads are noise. A tick is lost if it is more than half an interval late.",
		"Code that only waits needs no remedy. A blocking call belongs in ToThread. " +
			"A long algorithm of your own calls Checkpoint in its loop, or runs in ToThread, " +
			"where it shares processors and memory with the loop, but does not block it. " +
			"A computation that must be killed or limited, or that may crash, belongs in a process.",
	}
}

// table returns the table of the results. The durations are compared with the first one.
func (sum summary) table() table {
	t := table{head: []string{"remedy", "computing", "overhead", "ticks", "worst gap", "timed out", "s"}}
	for i, r := range sum.results {
		extra := "-"
		if i > 0 {
			extra = overhead(r.score.computing, sum.results[0].score.computing)
		}
		text, mood := verdict(r, sum.experiment)
		t.rows = append(t.rows, row{
			cells: []string{
				r.remedy.name,
				readable(r.score.computing),
				extra,
				fmt.Sprintf("%d/%d", r.score.received, r.score.expected),
				readable(r.score.worstGap),
				fmt.Sprintf("%d/%d", r.score.timedOut, r.score.asked),
				thousands(r.score.sums[0]),
			},
			remark: text,
			mood:   mood,
		})
	}
	return t
}

// crowded reports whether there were more computations than processors. Only then they compete with
// the heartbeat.
func (sum summary) crowded() bool { return sum.experiment.jobs > sum.processors }

func (sum summary) crowdTitle() string {
	return fmt.Sprintf("%d computations at once on %s: how late were the ticks?",
		sum.experiment.jobs, plural(int64(sum.processors), "processor"))
}

const crowdNote = "Late is the time between two ticks minus one interval, from the beginning of the first computation " +
	"to the end of the last one. Goroutines share the processors of this process, and Go's scheduler has no priorities: the loop waits " +
	"among them. Niced processes wait for the loop instead, and for all other programs of this machine."

// crowdTable compares how late the ticks were with the remedies that compute outside of the loop.
func (sum summary) crowdTable() table {
	t := table{head: []string{"remedy", "ticks", "late, median", "late, worst"}}
	for _, r := range sum.results {
		if r.remedy.beside == "" {
			continue
		}
		late := r.score.late
		if len(late) == 0 {
			late = []time.Duration{0}
		}
		t.rows = append(t.rows, row{
			cells: []string{
				r.remedy.name,
				strconv.Itoa(len(r.score.late)),
				readable(late[len(late)/2]),
				readable(late[len(late)-1]),
			},
			remark: r.remedy.beside,
		})
	}
	return t
}

// verdict judges a result by the measurements.
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
