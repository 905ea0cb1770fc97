package engine

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/callsite"
	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// Dump writes the tree of tasks: who owns whom, what each waits for and where.
// From any goroutine. A loop that does not answer is described from outside, while a
// step of it may go on: see waitInfo.
func (l *Loop) Dump(w io.Writer) error {
	var text string
	if l.Here() {
		text = l.dumpHere()
	} else {
		state := ""
		if text, state = l.askForDump(); text == "" {
			text = l.dumpOutside(state)
		}
	}
	_, err := io.WriteString(w, text)
	return err
}

const (
	dumpPatience = 100 * time.Millisecond // for a loop that gets nowhere: it is blocked
	dumpLimit    = 10                     // how many times that for one that does
)

// askForDump has the loop describe itself. If it does not answer, state says why: it is
// blocked, or is just late. What nobody waits for any more it does not write: whoever looks
// at a blocked loop again and again would hold it up once more when it goes on.
func (l *Loop) askForDump() (text, state string) {
	before := l.progress()
	answer := make(chan string, 1)
	var left atomic.Bool
	defer left.Store(true)
	tell := func() {
		if !left.Load() {
			answer <- l.dumpHere()
		}
	}
	if l.life.Load() != lifeRunning || l.post(tell) != nil {
		return "", ""
	}
	patience := time.NewTimer(dumpPatience)
	defer patience.Stop()
	for range dumpLimit {
		select {
		case text = <-answer:
			return text, ""
		case <-l.closed:
			return "", ""
		case <-patience.C:
		}
		now := l.progress()
		if now == before && !now.idle && now.dumps%2 == 0 {
			state = ", blocked"
			if t := l.Running(); t != nil {
				state += " by task " + quote(t.Name())
			}
			return "", state
		}
		before = now
		patience.Reset(dumpPatience)
	}
	return "", fmt.Sprintf(", busy: it has not answered for %v", dumpLimit*dumpPatience)
}

// A progress tells how far a loop has come: it changes with each step and each turn.
type progress struct {
	turns uint64
	left  int
	dumps uint32 // begun and ended: odd while it describes itself
	idle  bool   // it sleeps, or is about to wake
}

// progress reads single words of the loop's, as Queue.Glance does.
//
//go:norace
func (l *Loop) progress() progress {
	return progress{turns: l.turns, left: l.left, dumps: l.dumps.Load(), idle: l.cur.Load() == nil}
}

func (l *Loop) dumpHere() string {
	l.dumps.Add(1)
	defer l.dumps.Add(1)
	d := dump{l: l, inside: true, tasks: l.Tasks()}
	return d.write("")
}

func (l *Loop) dumpOutside(state string) string {
	d := dump{l: l, tasks: l.Tasks()}
	switch l.life.Load() {
	case lifeNew:
		state = ", not started"
	case lifeClosed:
		state = ", closed"
	}
	return d.write(state)
}

type dump struct {
	l      *Loop
	inside bool // on the loop: what it owns may be read
	tasks  []*Task
	sites  map[*Task]string
	ends   map[*WaitList]*Task // made on first use
	b      strings.Builder
}

func (d *dump) write(headline string) string {
	d.sites = stackSites(d.tasks, runtime.NumGoroutine())
	name := d.l.cfg.Name
	if name != "" {
		name = " " + quote(name)
	}
	fmt.Fprintf(&d.b, "event loop%s: %d task(s)%s\n", name, len(d.tasks), headline)
	d.crowds()
	byScope := map[*Scope][]*Task{}
	groups := map[*Task][]*Scope{}
	var open []*Scope
	for _, t := range d.tasks {
		s := t.node.scope
		switch {
		case byScope[s] != nil:
		case s.owner != nil:
			groups[s.owner] = append(groups[s.owner], s)
		case s != d.l.root:
			open = append(open, s)
		}
		byScope[s] = append(byScope[s], t)
	}
	for _, t := range byScope[d.l.root] {
		d.task(t, 1, byScope, groups)
	}
	for _, s := range open {
		fmt.Fprintf(&d.b, "  scope of %d task(s)\n", len(byScope[s]))
		for _, t := range byScope[s] {
			d.task(t, 2, byScope, groups)
		}
	}
	if d.inside {
		d.failures()
	} else if s := d.l.Stalled(); s != nil {
		d.stall(s)
	}
	d.finished()
	d.places()
	d.delivery()
	if d.inside {
		d.cycles()
	}
	return d.b.String()
}

// crowds tells of tasks that are many of a kind, the most first: where there are
// thousands, that is what one looks for.
func (d *dump) crowds() {
	type kind struct{ state, created string }
	count := map[kind]int{}
	var kinds []kind
	for _, t := range d.tasks {
		k := kind{d.state(t), t.Created()}
		if count[k]++; count[k] == crowd {
			kinds = append(kinds, k)
		}
	}
	slices.SortStableFunc(kinds, func(a, b kind) int { return count[b] - count[a] })
	for _, k := range kinds[:min(len(kinds), maxCrowds)] {
		fmt.Fprintf(&d.b, "  %d of them: %s, created at %s\n", count[k], k.state, k.created)
	}
}

const (
	crowd     = 20 // tasks of one kind
	maxCrowds = 5
)

// stall prints the report of the step that blocks the loop, as the log does on a terminal.
func (d *dump) stall(s *Stall) {
	d.b.WriteString("  " + s.heading() + s.Sentence() + "\n")
}

// places prints the worst places of stalls, without those whose cause is outside of the program.
func (d *dump) places() {
	left := maxDumpPlaces
	for _, p := range d.l.Places() {
		switch p.Class {
		case stall.LateTimer, stall.StarvedOS, stall.Suspended, stall.Unknown:
			continue
		}
		if left--; left < 0 {
			return
		}
		fmt.Fprintf(&d.b, "  %s (%s)%s: %s in all, the longest %s, the last %s ago\n", plural(p.Count, "stall", "stalls"), p.Class,
			Stall{Finding: p.Finding}.where(""), readable(p.Total), readable(p.Longest), readable(time.Since(p.Last)))
	}
}

const maxDumpPlaces = 3

func (d *dump) task(t *Task, depth int, byScope map[*Scope][]*Task, groups map[*Task][]*Scope) {
	indent := strings.Repeat("  ", depth)
	fmt.Fprintf(&d.b, "%s#%d %s %s, created at %s\n", indent, t.id, quote(t.Name()), d.state(t), t.Created())
	if s, ok := t.Stats(); ok && s.Steps > 0 {
		fmt.Fprintf(&d.b, "%s  ran for %v in %d step(s), the longest %v from %s to %s\n", indent, time.Duration(s.Ran), s.Steps, time.Duration(s.Longest),
			cmp.Or(s.LongestFrom, "its beginning"), cmp.Or(s.LongestUntil, "its end"))
	}
	if depth > maxDumpDepth {
		fmt.Fprintf(&d.b, "%s  ...\n", indent)
		return
	}
	for _, s := range groups[t] {
		fmt.Fprintf(&d.b, "%s  group of %d task(s)\n", indent, len(byScope[s]))
		for _, child := range byScope[s] {
			d.task(child, depth+2, byScope, groups)
		}
	}
}

const maxDumpDepth = 100

func (d *dump) state(t *Task) string {
	site := d.sites[t]
	if site != "" {
		site = " at " + site
	}
	p := d.waitInfo(t)
	awaited := d.awaited(p)
	switch {
	case t == d.l.Running():
		return "running" + site
	case !p.started:
		return "not started"
	case awaited != nil:
		return fmt.Sprintf("awaits #%d %s%s", awaited.id, quote(awaited.Name()), site)
	case p.holder != nil:
		return fmt.Sprintf("waits (%s held by #%d %s)%s", p.why, p.holder.id, quote(p.holder.Name()), site)
	case p.why != forNothing && p.parked:
		return "waits (" + p.why.String() + ")" + site
	default:
		return "ready" + site
	}
}

func (d *dump) failures() {
	for _, f := range d.l.failures.open {
		if !f.received.Load() {
			fmt.Fprintf(&d.b, "  failed, not received: %s created at %s: %s\n", quote(f.name), f.site(), quoteError(f.err))
		}
	}
}

// parkedAt says where an abandoned task stands.
func (t *Task) parkedAt(sites map[*Task]string) string {
	what := "before its first step"
	if t.r != nil {
		what = "in " + t.r.why.String()
	}
	if site := sites[t]; site != "" {
		what += " at " + site
	}
	return what
}

// maxStacks bounds the number of tasks, and maxGoroutines that of all goroutines, for
// which the stacks of the process are read: it stops the world for some 10 microseconds
// for each goroutine.
const (
	maxStacks     = 2000
	maxGoroutines = 10_000
)

// execFrame finds which task a goroutine runs in its stack trace.
var execFrame = regexp.MustCompile(regexp.QuoteMeta(execName) + `\(0x[0-9a-f]+\??, 0x([0-9a-f]+)`)

// stackSites maps each started task to the user's line at which the goroutine that
// runs it stands.
func stackSites(tasks []*Task, goroutines int) map[*Task]string {
	sites := map[*Task]string{}
	if len(tasks) > maxStacks || goroutines > maxGoroutines {
		return sites
	}
	runs := map[uint64]*Task{}
	for _, t := range tasks {
		if p := t.waitInfo(); p.g != 0 {
			runs[p.g] = t
		}
	}
	buf := make([]byte, 1<<20+goroutines<<11) // mostly enough: a second look costs as much again
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) || len(buf) >= 64<<20 {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 4*len(buf))
	}
	for _, g := range strings.Split(string(buf), "\n\n") {
		if t := runs[coro.Number(g)]; t != nil && !t.runsElsewhere(g) {
			sites[t] = userSite(g)
		}
	}
	return sites
}

// runsElsewhere reports whether a goroutine's trace is that of another task, which
// it has begun since the tasks were listed.
func (t *Task) runsElsewhere(trace string) bool {
	m := execFrame.FindStringSubmatch(trace)
	return m != nil && m[1] != strconv.FormatUint(uint64(addressOf(t)), 16)
}

// userSite finds the user's line in a goroutine's trace.
func userSite(trace string) string {
	var s callsite.Finder
	for _, f := range stall.Parse(trace).Frames {
		s.Look(f)
	}
	return s.At
}
