package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

// computingTime is the total time of the computations without -n.
const computingTime = 2 * time.Second

// blocking runs the experiment once with each remedy, and draws its lane of ticks. Then it
// prints the tables, and writes the page for -report.
func (a *app) blocking(ctx context.Context, o options) error {
	s := a.screen
	s.title("Blocking: a heartbeat beside a long computation")
	s.text("Measuring how fast this machine computes ...")
	speeds, err := a.measure(ctx)
	if err != nil {
		return err
	}
	// With the fastest probe the computation is never too short to be visible. On a busy machine it
	// takes longer than announced.
	v := slices.Max(speeds)
	e := newExperiment(o, v)
	if a.network != nil {
		e.loops = []asyncio.Option{a.network()}
	}
	estimate := 2*e.lead + v.duration(e.n*int64(e.jobs))
	a.explain(e, v, estimate)

	label := 0
	for _, r := range a.remedies {
		label = max(label, runes(r.name)+2)
	}
	sc := newScale(e.interval, estimate, s.width-label-len("  999/999"))
	s.line(s.paint(faint, strings.Repeat(" ", label)+sc.ruler(estimate)))

	var results []result
	for _, r := range a.remedies {
		s.write(s.paint(bold, r.name) + strings.Repeat(" ", label-runes(r.name)))
		p := &lanePainter{screen: s, scale: sc, indent: label}
		res, err := e.lane(ctx, r, p)
		if err != nil {
			s.line("")
			return err
		}
		s.line(fmt.Sprintf("  %d/%d", res.score.received, res.score.expected))
		results = append(results, res)

		// Measure the variation of the machine between the lanes.
		again, err := a.measure(ctx)
		if err != nil {
			return err
		}
		speeds = append(speeds, again...)
	}
	sum := summary{e, results, apart(speeds), a.processors}
	a.report(sum)
	if o.page == nil {
		return nil
	}
	if err := o.page.write(func(w io.Writer) error { return writePage(w, sum, time.Now()) }); err != nil {
		return err
	}
	s.text("The page with the lanes to scale: %s", o.report)
	return nil
}

// newExperiment returns the experiment for the options, on a machine of that speed.
func newExperiment(o options, v speed) experiment {
	e := experiment{n: o.n, jobs: int(o.jobs), interval: o.interval, lead: time.Second}
	if o.full {
		e.lead = 2 * time.Second
	}
	e.lead = max(e.lead, 2*e.interval) // show at least two ticks of a slow heartbeat
	if e.n == 0 {
		e.n = v.iterations(computingTime / time.Duration(e.jobs))
	}
	return e
}

// A result is one remedy's run of the experiment.
type result struct {
	remedy  remedy
	trace   trace
	score   score
	reports []string // the log of the loop
}

// lane runs the experiment on a new loop, and draws the lane while it runs.
func (e experiment) lane(ctx context.Context, r remedy, p *lanePainter) (result, error) {
	log := &reportLog{}
	e.loops = append(slices.Clip(e.loops), asyncio.WithLogger(slog.New(log)))
	rec := newRecorder()
	stop := p.follow(rec)
	said := false
	watched := asyncio.WithStallHandler(func(s asyncio.Stall) {
		if !s.Ended && s.File != "" && !said {
			said = true
			p.say(stallText(s))
		}
	})
	err := asyncio.Run(ctx, func(ctx context.Context) error {
		return e.run(ctx, r, rec)
	}, append(e.loops, asyncio.WithName(r.name), watched)...)
	rec.end()
	stop()
	t := rec.snapshot()
	return result{r, t, t.score(e.interval), log.lines()}, err
}

// stallText describes a stall that the library's stall watch has detected.
func stallText(s asyncio.Stall) string {
	return fmt.Sprintf("stall watch, after %s: %s in task %q, at %s:%d\nadvice: %s",
		readable(s.Elapsed), s.Class, s.TaskName, filepath.Base(s.File), s.Line, s.Advice)
}

// explain prints the description of the experiment.
func (a *app) explain(e experiment, v speed, estimate time.Duration) {
	s := a.screen
	what := "a computation starts"
	if e.jobs > 1 {
		what = fmt.Sprintf("%d computations start", e.jobs)
	}
	s.text("One task is a heartbeat that ticks every %s. After %s %s on the same loop; %s after the end the heartbeat is cancelled.",
		rough(e.interval), rough(e.lead), what, rough(e.lead))
	s.line("")
	s.code([]string{"for i := range n { s += (i % 7) * (i % 13) }"})
	s.line("")
	each := ""
	if e.jobs > 1 {
		each = fmt.Sprintf(", %d times", e.jobs)
	}
	s.text("n = %s%s: about %s of computing on this machine.", thousands(e.n), each, rough(v.duration(e.n*int64(e.jobs))))
	s.text("The experiment runs once with each remedy, about %s each:", rough(estimate))
	s.line("")
	label := 0
	for _, r := range a.remedies {
		label = max(label, runes(r.name))
	}
	for _, r := range a.remedies {
		s.hanging("  "+r.name+strings.Repeat(" ", label-runes(r.name)+2), plain, r.how)
	}
	s.line("")
	a.legend()
}

// legend prints the meaning of the cells of a lane. On a narrow screen it uses several lines.
func (a *app) legend() {
	s := a.screen
	entries := []struct {
		mark  string
		mood  style
		means string
	}{
		{s.marks.tick, green, "a tick"},
		{s.marks.busy, red, "computing, no tick"},
		{s.marks.quiet, faint, "neither"},
		{"8/12", plain, "ticks received/expected"},
	}
	var painted []string
	width := 0
	for _, e := range entries {
		painted = append(painted, s.paint(e.mood, e.mark)+" "+e.means)
		width += runes(e.mark) + 1 + runes(e.means) + 3
	}
	separator := "   "
	if width > s.width {
		separator = "\n"
	}
	s.line(strings.Join(painted, separator))
	s.line("")
}
