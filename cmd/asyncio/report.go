package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A summary is what the experiments came to: for the screen, and for the page.
type summary struct {
	experiment experiment
	results    []result
	apart      string // how much the machine itself varied
	processors int
}

// report prints what the loops logged, the tables, and how to choose.
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

// logged is what the loops themselves had to say: a loop that is blocked for
// long logs it, in every program.
func (sum summary) logged() []string {
	var lines []string
	for _, r := range sum.results {
		lines = append(lines, r.reports...)
	}
	return lines
}

// notes say how far the numbers can be trusted, and how to choose.
func (sum summary) notes() []string {
	return []string{
		"Timed out counts the requests of a client that asks the loop over TCP and waits " + rough(patience) + " at most. " +
			"One run each. Between the lanes the bare computation ran at speeds up to " + sum.apart + " apart: " +
			"smaller overheads are noise. A tick counts as lost when it is more than half an interval overdue.",
		"What only waits needs no remedy. A call that blocks belongs in ToThread. " +
			"A long algorithm of your own calls Checkpoint in its loop, or runs in ToThread, " +
			"where it shares processors and memory with the loop, but not its turn. " +
			"What must be killed, limited or kept from crashing the program belongs in a process.",
	}
}

// table is the table of the results; the first is what the others' durations are
// held against.
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

// crowded tells whether there were more computations than processors. Only then
// does it matter to the heartbeat who shares what with whom.
func (sum summary) crowded() bool { return sum.experiment.jobs > sum.processors }

func (sum summary) crowdTitle() string {
	return fmt.Sprintf("%d computations at once on %s: how late came a tick meanwhile?",
		sum.experiment.jobs, plural(int64(sum.processors), "processor"))
}

const crowdNote = "Late is by how much more than one interval lay between two ticks, from the first computation's begin " +
	"to the last one's end. Goroutines share the processors of this process, and Go's scheduler knows no priorities: the loop waits " +
	"for its turn among them. Niced processes wait for the loop instead, and for every other program of this machine too."

// crowdTable compares the remedies that compute beside the loop by how late they
// made its ticks.
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
