package engine

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// How the watch tells of a stall: in the log, to the user's handler, and with a trace.

// Stall is a report of the watch: what the public one is made from.
type Stall struct {
	Loop          *Loop
	Task          *Task // nil: a callback, or none
	Name, Created string
	Class         stall.Class
	Finding       stall.Finding
	Stack         string
	Trace         string // the flight recorder's file
	Elapsed       time.Duration
	Ended         bool
	Blame, Advice string
	Ready, Late   int
	Evidence      stall.Evidence
	Count         int           // of stalls at this place so far
	Total         time.Duration // that they took
	Silent        int           // stalls that were not reported since the last report
	step          *slowStep     // that it is of
}

// emit logs a report and calls the stall handler.
func (w *watch) emit(r Stall, s *slowStep, now int64) {
	p := s.place
	p.reported = now
	r.Count, r.Total, r.Silent = p.count, p.total, w.silent
	w.silent = 0
	if !s.traced {
		s.traced, s.trace = true, w.snapshot()
	}
	r.Trace = s.trace
	w.log(r)
	w.handle(r)
}

// snapshot has the flight recorder write what happened up to now, if there is one.
func (w *watch) snapshot() string {
	if w.l.flight == nil {
		return ""
	}
	path, err := w.l.flight.Snapshot()
	if err != nil {
		defer func() { _ = recover() }()
		w.l.log(slog.LevelWarn, "asyncio: the trace of a stall could not be written", "error", err)
	}
	return path
}

// log writes the report. A logger that panics does no harm.
func (w *watch) log(r Stall) {
	defer func() { _ = recover() }() //nolint:errcheck // where should it be told, if not in the log
	w.l.log(slog.LevelWarn, r.Headline(), r.attrs()...)
}

// handle calls the user's handler. Its panic is logged.
func (w *watch) handle(r Stall) {
	if w.l.cfg.OnStall == nil {
		return
	}
	returned := false
	defer func() {
		v := recover()
		if returned {
			return
		}
		defer func() { _ = recover() }()
		if v == nil {
			w.l.log(slog.LevelError, "asyncio: the stall handler ended its goroutine, by runtime.Goexit or a test's FailNow", "task", r.Name)
			return
		}
		w.l.log(slog.LevelError, "asyncio: the stall handler panicked", "panic", fmt.Sprint(v), "task", r.Name)
	}()
	w.l.cfg.OnStall(r)
	returned = true
}

// sum tells, at the end of the loop, of stalls that were counted and not reported, and of
// news that was lost while a handler blocked.
func (w *watch) sum() {
	lost := w.lost.Load()
	if w.left == 0 && lost == 0 {
		return
	}
	a := []any{"stalls", w.left, "total", round(w.leftTook)}
	var worst *spot
	for _, p := range w.places {
		if p.muted && (worst == nil || p.total > worst.total || p.total == worst.total && p.place < worst.place) {
			worst = p
		}
	}
	if worst != nil {
		a = append(a, "worst", worst.place, "class", worst.class.String(), "times", worst.count, "took", round(worst.total))
	}
	if lost > 0 {
		a = append(a, "lost", lost)
	}
	defer func() { _ = recover() }()
	w.l.log(slog.LevelWarn, "asyncio: the loop was blocked more often than was reported", a...)
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// Headline is the report's message.
func (r Stall) Headline() string {
	switch {
	case r.Class == stall.ManySteps && r.Ended:
		return "asyncio: a turn of many steps kept the loop busy"
	case r.Class == stall.ManySteps:
		return "asyncio: a turn of many steps keeps the loop busy"
	case r.Class == stall.Spinner:
		return "asyncio: a task spins"
	case r.Class == stall.LateTimer:
		return "asyncio: timers were late"
	case r.Ended:
		return "asyncio: a step blocked the loop"
	}
	return "asyncio: a step blocks the loop"
}

// attrs are the report for the log, the most telling first.
func (r Stall) attrs() []any {
	a := []any{"class", r.Class.String()}
	if r.Finding.File != "" {
		a = append(a, "at", r.Finding.File+":"+strconv.Itoa(r.Finding.Line))
	}
	if r.Finding.Call != "" {
		a = append(a, "call", r.Finding.Call)
	}
	if r.Finding.Inside != "" {
		a = append(a, "inside", r.Finding.Inside)
	}
	a = append(a, "task", r.Name, "created", r.Created, "duration", round(r.Elapsed), "blame", r.Blame, "advice", r.Advice,
		"ready", r.Ready, "late", r.Late)
	if r.Evidence.Samples > 0 {
		a = append(a, "cpu", strconv.FormatFloat(r.Evidence.Share(), 'f', 2, 64), "queued", round(r.Evidence.RunDelay),
			"rivals", r.Evidence.Rivals, "samples", r.Evidence.Samples)
	}
	if r.Count > 1 {
		a = append(a, "times", r.Count, "total", round(r.Total))
	}
	if r.Silent > 0 {
		a = append(a, "silent", r.Silent)
	}
	if r.Trace != "" {
		a = append(a, "trace", r.Trace)
	}
	if r.Stack != "" && !r.Ended {
		a = append(a, "stack", "\n"+r.Stack)
	}
	return a
}
