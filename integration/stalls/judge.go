package stalls

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// machine lists the classes that blame no line.
var machine = []string{"late-timer", "starved-os", "starved-go", "suspended"}

// judge returns an error in the reports of the program, or "".
func (p program) judge(res result) string {
	if res.Err != "" {
		return "failed: " + res.Err
	}
	if res.Begin.IsZero() || res.End.IsZero() {
		return "the program has not blocked the loop"
	}
	during := p.during(res)
	if p.whole {
		return p.judgeWhole(res.Reports)
	}
	if len(during) == 0 {
		return fmt.Sprintf("no report within %v", res.End.Sub(res.Begin).Round(time.Millisecond))
	}
	if why := p.judgeFirst(during[0]); why != "" {
		return why
	}
	if p.then != "" && !slices.ContainsFunc(during, func(r report) bool { return slices.Contains(guilty(p.then), r.Place) }) {
		return "the second place was not reported: " + strings.Join(guilty(p.then), " ")
	}
	return p.judgeEnd(res)
}

// during returns the reports of the block while it lasted, without those that blame the machine. A
// report may be handled long after it was made. A step that began well before the block counts only at
// a guilty line. If the process waited for a processor during most of the block, the report of the end
// counts: the watch did not run either.
func (p program) during(res result) (list []report) {
	for _, r := range res.Reports {
		began := r.At.Add(-r.Elapsed)
		ours := began.After(res.Begin.Add(-lasts/5)) || slices.Contains(guilty(p.name), r.Place)
		if r.At.After(res.Begin) && ours && !r.Ended && (r.Place != "" || p.whole || !slices.Contains(machine, r.Class)) {
			list = append(list, r)
		}
	}
	for _, r := range res.Reports {
		if len(list) == 0 && r.Ended && r.At.After(res.Begin) && r.RunDelay > res.End.Sub(res.Begin)/2 {
			return []report{r}
		}
	}
	return list
}

// judgeFirst returns an error in the first report, or "".
func (p program) judgeFirst(r report) string {
	by := cmp.Or(p.by, p.name)
	suffix, isCallback := strings.CutPrefix(by, "callback ")
	switch {
	case !slices.Contains(guilty(p.name), r.Place):
		return "the line is not " + strings.Join(guilty(p.name), " ")
	case !slices.Contains(strings.Split(p.class, ","), r.Class) && !p.busy(r):
		return "the class is not " + p.class
	case p.call == "-" && r.Call != "", p.call != "-" && p.call != "*" && !strings.Contains(r.Call, p.call):
		return "the call is not " + p.call
	case isCallback && !(strings.HasPrefix(r.By, "callback ") && strings.HasSuffix(r.By, suffix)), !isCallback && r.By != by:
		return "the task is not " + by
	case !strings.Contains(r.Advice, p.advice) && !p.busy(r):
		return "the advice does not contain " + p.advice
	}
	return ""
}

// busy reports whether r is about a computation that does not get a processor. On a busy machine such
// a report is right.
func (p program) busy(r report) bool {
	return strings.Contains(p.class, "cpu") && strings.HasPrefix(r.Class, "starved-") && strings.Contains(r.Blame, "comput")
}

// judgeEnd returns an error in the durations of the final reports, or "". The step may be longer than
// the block by the time for which it waited for a processor.
func (p program) judgeEnd(res result) string {
	took := res.End.Sub(res.Begin)
	var ends []time.Duration
	for _, r := range res.Reports {
		if !r.Ended || r.At.Before(res.Begin) {
			continue
		}
		if d := r.Elapsed - took; d.Abs() <= took*3/10+60*time.Millisecond+r.RunDelay {
			return ""
		}
		ends = append(ends, r.Elapsed.Round(time.Millisecond))
	}
	return fmt.Sprintf("it lasted %v, the final reports have %v", took.Round(time.Millisecond), ends)
}

// judgeWhole returns an error in reports that must not blame a task, or "".
func (p program) judgeWhole(reports []report) string {
	found := false
	for _, r := range reports {
		switch {
		case slices.Contains(strings.Split(p.class, ","), r.Class):
			found = found || strings.Contains(r.Advice, p.advice)
		case !slices.Contains(machine, r.Class):
			return fmt.Sprintf("%s was blamed: %s", r.By, r.Class)
		}
	}
	if !found {
		return "no report has the class " + p.class
	}
	return ""
}
