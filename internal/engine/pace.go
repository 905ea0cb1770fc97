package engine

import (
	"strconv"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// pace is what the loop notes when it clears a mark, some hundred times a second
// while it is busy, to tell what no single step shows: a turn of many steps, and
// a task that yields for ever. Owned by the loop.
type pace struct {
	turn   uint64        // the turn of the last note
	since  int64         // when it was first seen, or a long step in it ended; published as Loop.turnBegan
	cpu    time.Duration // what the process had used by then
	toldOf bool

	spinner *Task  // that yielded at most notes, by majority
	votes   int    // for it
	yielded uint64 // the turn of its first vote
	spunAt  int64
	spunOut *Task // the last that was told of
	wokeAt  int64 // when the loop last woke
}

const (
	spinThresholds = 10                    // how long a spinner spins before it is told of
	spinTurn       = 50 * time.Microsecond // the length of its turns: longer ones do something
)

// stepLasted notes a marked step: one over the threshold is reported as such, and does
// not make its turn one of many steps.
func (l *Loop) stepLasted(now, took int64) {
	if took >= int64(l.cfg.StallThreshold) {
		l.turnFrom(now)
	}
}

func (l *Loop) turnFrom(now int64) {
	l.pace.since, l.pace.cpu = now, stall.CPUTime()
	l.turnBegan.Store(now)
}

// watchPace looks at the turn, and at who yields.
func (l *Loop) watchPace(now int64) {
	p, threshold := &l.pace, int64(l.cfg.StallThreshold)
	if threshold <= 0 {
		return
	}
	if p.turn != l.turns {
		p.turn, p.toldOf = l.turns, false
		l.turnFrom(now)
	} else if now-p.since >= threshold && !p.toldOf {
		p.toldOf = true
		l.tellOf(stall.ManySteps, now, now-p.since, "a turn of many steps: each was short, and "+strconv.Itoa(l.left)+" more are ready in it")
	}
	r := l.cur.Load()
	t := r.task.Load()
	if t == nil || r.why != forYield {
		return
	}
	switch {
	case t == p.spinner:
		p.votes++
	case p.votes > 0:
		p.votes--
		return
	default:
		p.spinner, p.votes, p.yielded, p.spunAt = t, 1, l.turns, now
		return
	}
	spun := now - p.spunAt
	if spun >= spinThresholds*threshold && p.votes >= 20 && p.spunOut != t && spun/int64(l.turns-p.yielded+1) < int64(spinTurn) {
		p.spunOut = t
		l.tellOf(stall.Spinner, now, spun, "the task yields without end and never waits: it takes a whole processor to do nothing")
	}
}

// sleeps forgets who yielded: a loop that sleeps is not spun.
func (p *pace) sleeps() { p.spinner, p.votes, p.turn = nil, 0, 0 }

// timerLate is for a timer that was due for long when the loop looked. Only if it was
// so already when the loop woke did the loop wake late: else a step has held it up,
// which is told by itself.
func (l *Loop) timerLate(due int64) {
	if late := l.pace.wokeAt - due; late > l.lateAfter && l.monitorDone != nil {
		l.tellOf(stall.LateTimer, l.pace.wokeAt, late, "the loop slept and was woken late: the process was stopped, or got no processor")
	}
}

// tellOf hands the monitor news of what is no long step.
func (l *Loop) tellOf(class stall.Class, now, took int64, blame string) {
	n := &news{class: class, blame: blame, elapsed: time.Duration(took), ended: class == stall.LateTimer, ready: l.ready.len()}
	if class == stall.ManySteps {
		n.evidence = stall.Evidence{Elapsed: n.elapsed, CPU: stall.CPUTime() - l.pace.cpu}
	}
	if class != stall.LateTimer {
		n.step = &slowStep{task: l.Current(), runner: l.cur.Load(), began: now - took}
		if class == stall.Spinner { // it is the task that is here
			trace := cut(traceOf(coro.Stack()))
			n.step.stack, n.step.finding = trace.String(), trace.Classify()
		}
	} else {
		n.late = 1
	}
	l.oddity.Store(n)
}
