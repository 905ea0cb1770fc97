package engine

import (
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// Reports of stalls, and how they are logged.

// Stall is a report of the watch. The public Stall is made from it.
type Stall struct {
	ID            uint64 // of the stall, unique within its loop; 0: not yet known
	Loop          *Loop
	Task          *Task // nil: a callback, or no step
	Name, Created string
	Class         stall.Class
	Finding       stall.Finding
	Stack         string
	Trace         string // the flight recorder's file
	Elapsed       time.Duration
	AtPlace       time.Duration // time at this place, if the stall was at several places
	Ended         bool
	Blame, Advice string
	Ready, Late   int
	Evidence      stall.Evidence
	Count         int           // number of stalls at this place so far
	Total         time.Duration // their duration
	Silent        int           // stalls that were not reported since the last report
	step          *slowStep
	repeats       bool // place and blame are those of the previous report of the stall
	showsStack    bool // no earlier report of the stall has the stack
}

// reported is the state that the reports of one stall share.
type reported struct {
	id    uint64 // 0: not yet numbered
	key   string // of the last report
	stack bool   // the stack was logged
}

// identify returns the ID of the stall, and gives it one if it has none.
func (w *watch) identify(s *slowStep) uint64 {
	if s.reported.id == 0 {
		w.ids++
		s.reported.id = w.ids
	}
	return s.reported.id
}

// numbers matches the numbers of a blame, which differ from look to look.
var numbers = regexp.MustCompile(`[0-9.]+(ms|s|µs)?`)

// follows compares a report with the previous one of the same stall.
func (s *reported) follows(r *Stall) {
	key := r.Class.String() + phaseKey(r.Finding) + numbers.ReplaceAllString(r.Blame, "")
	r.repeats = key == s.key
	r.showsStack = r.Stack != "" && !s.stack
	s.key, s.stack = key, s.stack || r.showsStack
}

// emit delivers a report to the stall handler and the logger.
func (w *watch) emit(r Stall, s *slowStep, now int64) {
	p := s.place
	p.reported = now
	r.Count, r.Total, r.Silent = p.Count, p.Total, w.silent
	w.silent = 0
	if !s.traced {
		s.traced, s.trace = true, w.snapshot()
	}
	r.Trace = s.trace
	s.reported.follows(&r)
	w.delivery.deliver(w.l, r)
}

// snapshot writes the trace of the flight recorder and returns its path. It returns "" without a
// flight recorder, and if writing fails.
func (w *watch) snapshot() string {
	if w.l.flight == nil {
		return ""
	}
	path, err := w.l.flight.Snapshot()
	if err != nil {
		w.delivery.log(w.l, slog.LevelWarn, "asyncio: the trace of a stall could not be written", "error", err)
	}
	return path
}

// sum logs, at the end of the loop, the number of stalls that were not reported, and the number of
// lines that were not logged.
func (w *watch) sum() {
	lost, undelivered := w.lost.Load(), w.delivery.undelivered.Load()
	if w.left == 0 && lost == 0 && undelivered == 0 {
		w.delivery.logRest(w.l)
		return
	}
	a := []any{"stalls", w.left, "total", round(w.leftTook)}
	text := []string{plural(w.left, "stall was not reported", "stalls were not reported")}
	if w.left > 0 {
		text[0] += ", " + readable(w.leftTook) + " in all"
	}
	var worst *spot
	for _, p := range w.places.all {
		if p.muted && (worst == nil || p.Total > worst.Total || p.Total == worst.Total && p.place < worst.place) {
			worst = p
		}
	}
	if worst != nil {
		if worst.place != "" {
			a = append(a, "worst", worst.place)
		}
		a = append(a, "class", worst.Class.String(), "count", worst.Count, "took", round(worst.Total))
		text = append(text, fmt.Sprintf("the worst place: %s (%s)%s, %s in all", plural(worst.Count, "stall", "stalls"), worst.Class,
			Stall{Finding: worst.Finding}.where(""), readable(worst.Total)))
	}
	if lost > 0 {
		a = append(a, "lost", lost)
		text = append(text, plural(int(lost), "observation was lost", "observations were lost")+", because the watch was late")
	}
	if undelivered > 0 {
		a = append(a, "undelivered", undelivered)
		text = append(text, plural(int(undelivered), "report was not handled", "reports were not handled")+", because the stall handler blocked")
	}
	sentences := w.l.terminalPrefix()
	for i, part := range slices.DeleteFunc(text, func(s string) bool { return s == "" }) {
		if i > 0 {
			sentences += " "
		}
		sentences += asSentence(part)
	}
	w.delivery.write(w.l, maxCalls+1, nil, line{level: slog.LevelWarn, msg: "asyncio: the loop was blocked more often than was reported", args: a, text: sentences})
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// Headline returns the message of the log record.
func (r Stall) Headline() string {
	switch {
	case r.asleep():
		return "asyncio: the process stood still"
	case (r.Class == stall.ManySteps || strings.HasPrefix(r.Blame, heldUp)) && r.Ended:
		return "asyncio: a turn of many steps kept the loop busy"
	case r.Class == stall.ManySteps, strings.HasPrefix(r.Blame, heldUp):
		return "asyncio: a turn of many steps keeps the loop busy"
	case r.Class == stall.Spinner:
		return "asyncio: a task spins"
	case r.Class == stall.LateTimer, r.Evidence.Slept:
		return "asyncio: timers were late"
	case r.Ended:
		return "asyncio: a step blocked the loop"
	}
	return "asyncio: a step blocks the loop"
}

// attrs returns the attributes of the log record, the most important first. A brief record omits
// attributes that the previous record has.
func (r Stall) attrs() []any {
	brief := r.repeats && !r.Ended
	a := []any{"id", r.ID, "class", r.Class.String()}
	add := func(key, value string) {
		if value != "" {
			a = append(a, key, value)
		}
	}
	if r.Finding.File != "" {
		add("at", r.Finding.File+":"+strconv.Itoa(r.Finding.Line))
	}
	add("call", r.Finding.Call)
	if !brief {
		add("inside", r.Finding.Inside)
	}
	add("task", r.Name)
	if !brief {
		add("created", r.Created)
	}
	a = append(a, "duration", round(r.Elapsed))
	if r.AtPlace > 0 {
		a = append(a, "at_place", round(r.AtPlace))
	}
	if !brief {
		add("blame", r.Blame)
		add("advice", r.Advice)
	}
	a = append(a, "ready_tasks", r.Ready, "late_timers", r.Late)
	if r.Evidence.Samples > 0 {
		a = append(a, "cpu", math.Round(100*r.Evidence.Share())/100, "run_delay", round(r.Evidence.RunDelay), "runnable_goroutines", r.Evidence.Rivals)
	}
	if r.Count > 1 {
		a = append(a, "count", r.Count, "total", round(r.Total))
	}
	if r.Silent > 0 {
		a = append(a, "unreported", r.Silent)
	}
	if !brief {
		add("trace", r.Trace)
	}
	if r.showsStack {
		add("stack", stackLine(stall.Parse(r.Stack).Frames))
	}
	return a
}

// maxStackLine bounds the frames of a stack in the log.
const maxStackLine = 24

// stackLine returns a stack in one line, the innermost function first.
func stackLine(frames []stall.Frame) string {
	var b strings.Builder
	for i, f := range frames {
		if i > 0 {
			b.WriteString(" < ")
		}
		if i == maxStackLine {
			fmt.Fprintf(&b, "%d more", len(frames)-i)
			break
		}
		b.WriteString(f.Func + " " + f.File + ":" + strconv.Itoa(f.Line))
	}
	return b.String()
}

// abortStack returns in one line the stack of the panic, or of the call of runtime.Goexit, that
// runs the deferred function which calls abortStack.
func abortStack() string {
	frames := stall.Parse(string(debug.Stack())).Frames
	i := slices.IndexFunc(frames, func(f stall.Frame) bool { return f.Func == "panic" || f.Func == "runtime.Goexit" })
	return stackLine(frames[i+1:])
}
