package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S24 against a naive twin: tasks make random waits for each other and for locks. The twin notes each wait before it is
// made, and searches the whole graph. The calls must return ErrDeadlock exactly where it says so.

// A waiter is the twin of a task.
type waiter struct {
	id        int
	task      *asyncio.Task[struct{}]
	group     *graphWait // the wait for the end of its group; nil: it is in none
	kids      []*waiter  // made with its ctx, which its cancellation cancels
	begun     bool
	cancelled bool
	ended     bool
	failed    bool
	wait      *graphWait
	holds     []*graphLock
}

// A graphWait is what a task waits for.
type graphWait struct {
	kind    string
	lock    *graphLock
	targets []*waiter
	broken  bool // it is to end with ErrDeadlock
}

type graphLock struct {
	asyncio.Lock
	holder *waiter
	lost   bool
	line   []*waiter
}

// waitGame is a random program and its twin.
type waitGame struct {
	t        *testing.T
	r        *rand.Rand
	ctx      context.Context
	all      []*waiter
	locks    []*graphLock
	taken    map[time.Duration]bool // instants
	began    time.Time
	over     bool
	refused  int
	steps    []string
	mismatch bool
}

func (g *waitGame) log(w *waiter, format string, args ...any) {
	g.steps = append(g.steps, fmt.Sprintf("%d: ", w.id)+fmt.Sprintf(format, args...))
}

// targets are the tasks for which a wait is.
func (g *waitGame) targets(wait *graphWait) (ws []*waiter) {
	if wait.kind != "group" {
		return wait.targets
	}
	for _, w := range g.all {
		if w.group == wait {
			ws = append(ws, w)
		}
	}
	return ws
}

// edges are the tasks that w waits for, all of them.
func (g *waitGame) edges(w *waiter) (to []*waiter) {
	switch {
	case w.wait == nil:
	case w.wait.lock != nil:
		if h := w.wait.lock.holder; h != nil {
			to = []*waiter{h}
		}
	default:
		for _, t := range g.targets(w.wait) {
			if !t.ended {
				to = append(to, t)
			}
		}
		if (w.wait.kind == "first" || w.wait.kind == "error") && len(to) > 1 {
			return nil
		}
	}
	return to
}

// leads reports whether a path of edges leads from one task to another, not through those that stop it.
func (g *waitGame) leads(from, to *waiter, passes func(*waiter) bool) bool {
	seen := map[*waiter]bool{}
	var visit func(w *waiter) bool
	visit = func(w *waiter) bool {
		if seen[w] || !passes(w) {
			return false
		}
		seen[w] = true
		return slices.ContainsFunc(g.edges(w), func(next *waiter) bool { return next == to || visit(next) })
	}
	return visit(from)
}

func anyone(*waiter) bool { return true }

func (w *waiter) refusable() bool { return w.wait != nil && w.wait.kind != "group" }

// stays reports whether w would begin to wait again when it is cancelled, which cannot be seen from here.
func (w *waiter) stays() bool {
	return w.wait != nil && (w.wait.kind == "group" || w.wait.kind == "start")
}

// victims are the tasks whose waits end when the owner, which waits for its group, is in a cycle.
func (g *waitGame) victims(owner *waiter) (found []*waiter) {
	var candidates []*waiter
	for _, w := range g.all {
		if w.refusable() && g.leads(owner, w, func(w *waiter) bool { return !w.refusable() }) && g.leads(w, owner, anyone) {
			candidates = append(candidates, w)
		}
	}
	for _, w := range candidates {
		if g.leads(w, owner, func(other *waiter) bool { return other == w || !slices.Contains(candidates, other) }) {
			found = append(found, w)
		}
	}
	return found
}

// begin notes that w is about to wait, and reports whether the wait is to be refused.
func (g *waitGame) begin(w *waiter, wait *graphWait) (refused bool) {
	w.wait = wait
	switch {
	case wait.lock != nil && wait.lock.lost:
		refused = true
	case wait.kind == "group":
		for _, victim := range g.victims(w) {
			g.log(victim, "is to give way to %d", w.id)
			g.fail(victim)
		}
	default:
		refused = g.leads(w, w, anyone)
	}
	if refused {
		w.wait = nil
		g.refused++
	} else if wait.lock != nil {
		wait.lock.line = append(wait.lock.line, w)
	}
	return refused
}

// fail says that the wait of w is to end with ErrDeadlock.
func (g *waitGame) fail(w *waiter) {
	w.wait.broken = true
	g.refused++
	g.leave(w)
}

// leave notes that the wait of w is over.
func (g *waitGame) leave(w *waiter) {
	if w.wait == nil {
		return
	}
	if l := w.wait.lock; l != nil {
		l.line = slices.DeleteFunc(l.line, func(other *waiter) bool { return other == w })
	}
	w.wait = nil
}

// made compares what came of a wait.
func (g *waitGame) made(w *waiter, wait *graphWait, refused bool, err error) {
	g.leave(w)
	g.log(w, "%s -> %v", wait.kind, err)
	if want := refused || wait.broken; !g.over && errors.Is(err, asyncio.ErrDeadlock) != want {
		g.fault("ErrDeadlock: %v", want)
	}
}

// fault reports the first difference.
func (g *waitGame) fault(want string, args ...any) {
	if !g.over && !g.mismatch {
		g.mismatch = true
		g.t.Errorf("want "+want+", after\n%s", append(args, strings.Join(g.steps, "\n"))...)
	}
}

// end notes the end of w.
func (g *waitGame) end(w *waiter, err error) {
	w.ended, w.failed = true, err != nil
	g.log(w, "ends with %d locks, %v", len(w.holds), err)
	for _, l := range slices.Backward(w.holds) {
		l.holder, l.lost = nil, true
		asyncio.LoopOf(g.ctx).CallSoon(func() { // a turn later, as a shutdown comes first
			for len(l.line) > 0 {
				g.fail(l.line[0])
			}
		})
	}
	w.holds = nil
	for _, other := range g.all {
		if other.wait == nil || !slices.Contains(g.targets(other.wait), w) {
			continue
		}
		left := 0
		for _, t := range g.targets(other.wait) {
			if !t.ended {
				left++
			}
		}
		kind := other.wait.kind
		switch {
		case left == 0, kind == "first", kind == "gather" && w.failed, kind == "error" && w.failed:
			g.leave(other)
		case kind == "error" && left == 1: // the choice has gone
			wait := other.wait
			asyncio.LoopOf(g.ctx).CallSoon(func() {
				if other.wait == wait && g.leads(other, other, anyone) {
					g.fail(other)
				}
			})
		}
	}
}

// cancel cancels w, and those made with its ctx, if it can.
func (g *waitGame) cancel(by, w *waiter) {
	hit := []*waiter{w}
	for i := 0; i < len(hit); i++ {
		hit = append(hit, hit[i].kids...)
	}
	if slices.ContainsFunc(hit, func(w *waiter) bool { return !w.begun || w.stays() }) {
		return
	}
	g.log(by, "cancels %d", w.id)
	// The loop then wakes them a turn later. Before that a lock may pass to them, which this test cannot observe.
	outside := g.r.IntN(2) == 0 && !slices.ContainsFunc(hit, func(w *waiter) bool { return w.wait != nil && w.wait.lock != nil })
	if outside {
		done := make(chan struct{})
		go func() { defer close(done); w.task.Cancel(nil) }()
		<-done
	} else {
		w.task.Cancel(nil)
	}
	for _, w := range hit {
		w.cancelled = true
		g.leave(w)
	}
}

// instant is an instant in a while at which nothing else happens.
func (g *waitGame) instant() time.Duration {
	at := time.Since(g.began) + 1 + time.Duration(g.r.IntN(10))
	for g.taken[at] {
		at++
	}
	g.taken[at] = true
	return at - time.Since(g.began)
}

// start makes a task with the ctx, that of its parent or main.
func (g *waitGame) start(ctx context.Context, parent *waiter, group *graphWait, depth int) {
	w := &waiter{id: len(g.all), group: group}
	g.all = append(g.all, w)
	if parent != nil {
		parent.kids = append(parent.kids, w)
	}
	w.task = asyncio.Go(ctx, g.life(w, parent, depth), asyncio.Name(fmt.Sprint(w.id)))
}

// life is what the task of w does.
func (g *waitGame) life(w, parent *waiter, depth int) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		w.begun, w.task = true, asyncio.CurrentTask(ctx).(*asyncio.Task[struct{}])
		for range 1 + g.r.IntN(6) {
			if g.over {
				break
			}
			g.move(ctx, w, depth)
		}
		var err error
		if parent == nil && g.r.IntN(4) == 0 {
			err = errors.New("of its own")
		}
		if g.over || g.r.IntN(4) > 0 {
			for len(w.holds) > 0 {
				g.release(w)
			}
		}
		g.end(w, err)
		return err
	}
}

func (g *waitGame) release(w *waiter) {
	i := g.r.IntN(len(w.holds))
	l := w.holds[i]
	w.holds = slices.Delete(w.holds, i, i+1)
	l.holder = nil
	if len(l.line) > 0 {
		next := l.line[0]
		g.leave(next)
		l.holder = next
		next.holds = append(next.holds, l)
	}
	g.log(w, "releases lock %d", slices.Index(g.locks, l))
	if v := panicOf(l.Release); v != nil {
		g.fault("no panic: %v", v)
	}
}

// some are a few tasks, each once.
func (g *waitGame) some() (ws []*waiter) {
	for range 1 + g.r.IntN(3) {
		if w := g.all[g.r.IntN(len(g.all))]; w.task != nil && !slices.Contains(ws, w) {
			ws = append(ws, w)
		}
	}
	return ws
}

// move makes one move of w.
func (g *waitGame) move(ctx context.Context, w *waiter, depth int) {
	if w.cancelled { // no wait begins
		return
	}
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if g.r.IntN(4) == 0 {
		bounded, cancel = asyncio.WithTimeout(ctx, g.instant())
	}
	defer cancel()
	switch move := g.r.IntN(12); move {
	case 0:
		asyncio.Sleep(ctx, 0)
	case 1, 2:
		asyncio.Sleep(ctx, g.instant())
	case 3, 4, 5:
		g.acquire(bounded, w)
	case 6:
		if len(w.holds) > 0 {
			g.release(w)
		}
	case 7:
		if g.r.IntN(3) == 0 {
			g.cancel(w, g.all[g.r.IntN(len(g.all))])
		}
	case 8, 9, 10:
		if targets := g.some(); targets != nil {
			g.waitForTasks(bounded, w, targets)
		}
	case 11:
		switch {
		case depth >= 2:
		case g.r.IntN(3) == 0:
			g.startAll(ctx, w, depth)
		default:
			g.group(ctx, w, depth)
		}
	}
}

// startAll gathers coroutines.
func (g *waitGame) startAll(ctx context.Context, w *waiter, depth int) {
	wait := &graphWait{kind: "start"}
	var coroutines []asyncio.Coroutine[struct{}]
	for range 1 + g.r.IntN(3) {
		kid := &waiter{id: len(g.all), group: w.group} // it belongs to the scope of the ctx
		g.all, w.kids, wait.targets = append(g.all, kid), append(w.kids, kid), append(wait.targets, kid)
		coroutines = append(coroutines, func(ctx context.Context) (struct{}, error) { return struct{}{}, g.life(kid, w, depth+1)(ctx) })
	}
	g.log(w, "starts %d coroutines", len(coroutines))
	refused := g.begin(w, wait)
	_, err := asyncio.Gather(ctx, coroutines...)
	g.made(w, wait, refused, err)
}

func (g *waitGame) acquire(ctx context.Context, w *waiter) {
	l := g.locks[g.r.IntN(len(g.locks))]
	wait := &graphWait{kind: "acquire", lock: l}
	refused := false
	if l.holder == nil && !l.lost {
		l.holder = w
		w.holds = append(w.holds, l)
	} else {
		refused = g.begin(w, wait)
	}
	g.log(w, "acquires lock %d", slices.Index(g.locks, l))
	g.made(w, wait, refused, l.Acquire(ctx))
}

func (g *waitGame) waitForTasks(ctx context.Context, w *waiter, targets []*waiter) {
	var tasks []*asyncio.Task[struct{}]
	var ids []int
	pending, failed := 0, false
	for _, t := range targets {
		tasks, ids = append(tasks, t.task), append(ids, t.id)
		if !t.ended {
			pending++
		}
		failed = failed || t.failed
	}
	kind := []string{"await", "gather", "results", "all", "first", "error"}[g.r.IntN(6)]
	if kind == "await" {
		targets, tasks, pending, failed = targets[:1], tasks[:1], 0, false
		if !targets[0].ended {
			pending = 1
		}
	}
	wait := &graphWait{kind: kind, targets: targets}
	refused := false
	if pending > 0 && !(failed && (kind == "gather" || kind == "error")) && !(kind == "first" && pending < len(targets)) {
		refused = g.begin(w, wait)
	}
	g.log(w, "%s of %v", kind, ids)
	var err error
	switch kind {
	case "await":
		_, err = tasks[0].Await(ctx)
	case "gather":
		_, err = asyncio.Gather(ctx, tasks...)
	case "results":
		for _, r := range asyncio.GatherResults(ctx, tasks...) {
			err = errors.Join(err, r.Err)
		}
	default:
		_, _, err = asyncio.Wait(ctx, map[string]asyncio.WaitUntil{"all": asyncio.AllCompleted, "first": asyncio.FirstCompleted, "error": asyncio.FirstError}[kind], tasks...)
	}
	g.made(w, wait, refused, err)
}

// group makes moves in the body of a task group. What its tasks return is never an error, so that it is not cancelled.
func (g *waitGame) group(ctx context.Context, w *waiter, depth int) {
	g.log(w, "opens a group")
	wait := &graphWait{kind: "group"}
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		for range 1 + g.r.IntN(3) {
			if w.cancelled { // what is made now never begins
				break
			}
			g.start(ctx, w, wait, depth+1)
			g.move(ctx, w, 2)
		}
		g.log(w, "leaves the body")
		if slices.ContainsFunc(g.targets(wait), func(m *waiter) bool { return !m.ended }) {
			g.begin(w, wait)
		}
		return nil
	})
	g.made(w, wait, false, err)
}

func playWaits(t *testing.T, seed uint64) (refused int) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		g := &waitGame{t: t, r: rand.New(rand.NewPCG(seed, 24)), ctx: ctx, taken: map[time.Duration]bool{}, began: time.Now()}
		for range 1 + g.r.IntN(3) {
			g.locks = append(g.locks, &graphLock{})
		}
		for range 2 + g.r.IntN(5) {
			g.start(ctx, nil, nil, 0)
		}
		asyncio.Sleep(ctx, time.Hour)
		g.over = true
		for _, w := range g.all {
			if w.wait != nil && g.leads(w, w, anyone) {
				t.Errorf("%d is in a cycle at the end", w.id)
			}
		}
		for _, w := range g.all {
			w.task.Cancel(nil)
		}
		for _, w := range g.all {
			w.task.Await(ctx)
		}
		refused = g.refused
	})
	return refused
}
