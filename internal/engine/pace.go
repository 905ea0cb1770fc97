package engine

import (
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// pace is what the loop notes when it clears a mark, some hundred times a second
// while it is busy, to tell what no single step shows: a turn of many steps, and
// tasks that yield for ever. Owned by the loop.
type pace struct {
	turn   uint64        // the turn of the last note
	since  int64         // when it was first seen, or a long step in it ended; published as Loop.turnBegan
	cpu    time.Duration // what the process had used by then
	toldOf bool
	told   longTurn // the turn that was reported, until it ends

	callback calling // candidate for the callback of most notes of the turn
	votes    int     // votes for callback minus votes for others
	seen     int     // number of notes of the turn

	notes, yields int    // since the loop slept, or a spinner was told of; and those of a task that yields
	spunAt        int64  // the first of them
	spunFrom      uint64 // its turn
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
		l.turnEnded(now)
		p.turn, p.toldOf, p.votes, p.seen = l.turns, false, 0, 0
		l.turnFrom(now)
	}
	p.vote(l)
	if now-p.since >= threshold && !p.toldOf {
		p.toldOf = true
		p.told = longTurn{since: p.since, cpu: p.cpu}
		l.tellOf(stall.ManySteps, now, now-p.since, "a turn of many steps: each was short, and "+strconv.Itoa(l.left)+" more are ready in it")
	}
	if p.notes++; p.notes == 1 {
		p.spunAt, p.spunFrom = now, l.turns
	}
	r := l.cur.Load()
	if r.task.Load() == nil || r.why != forYield {
		return
	}
	p.yields++
	spun := now - p.spunAt
	if spun/spinThresholds >= threshold && p.notes >= 20 && 2*p.yields > p.notes && spun/int64(l.turns-p.spunFrom+1) < int64(spinTurn) {
		p.notes, p.yields = 0, 0
		l.tellOf(stall.Spinner, now, spun, "the task yields without end and never waits: it takes a whole processor to do nothing")
	}
}

// A longTurn is a turn of many steps.
type longTurn struct {
	since int64         // when it began; 0: none
	cpu   time.Duration // CPU time of the process at its beginning
	size  int           // number of steps; 0: not yet known
}

// vote records which callback runs, by the Boyer-Moore majority vote.
func (p *pace) vote(l *Loop) {
	p.seen++
	p.told.size = l.size
	switch {
	case l.Current() != nil, l.calling == calling{}:
	case l.calling == p.callback:
		p.votes++
	case p.votes <= 0:
		p.callback, p.votes = l.calling, 1
	default:
		p.votes--
	}
}

// turnEnded reports the end of a turn of many steps. If most notes of the turn saw the same
// callback, the report names it.
func (l *Loop) turnEnded(now int64) {
	p := &l.pace
	told := p.told
	p.told = longTurn{}
	if told.since == 0 {
		return
	}
	s := &slowStep{began: told.since}
	blame := fmt.Sprintf("a turn of many steps: it ran %d, each of them short", told.size)
	if 2*p.votes > p.seen {
		s.runner, s.calling = &l.rootRunner, p.callback
		blame += ", and most of them calls of this function"
	}
	took := time.Duration(now - told.since)
	l.odd(&news{class: stall.ManySteps, blame: blame, elapsed: took, ended: true, step: s,
		evidence: stall.Evidence{Elapsed: took, Credited: took, CPU: stall.CPUTime() - told.cpu, Procs: runtime.GOMAXPROCS(0)}})
}

// sleeps forgets who yielded: a loop that sleeps is not spun.
func (p *pace) sleeps() { p.notes, p.yields, p.turn = 0, 0, 0 }

// timerLate is for a timer for which the loop slept, and had been due for long when it
// woke. One that is late for another reason, as a step held it up or it was set for a
// time that had passed, is none.
func (l *Loop) timerLate(due, woke int64) {
	if l.monitorDone != nil {
		l.tellOf(stall.LateTimer, woke, woke-due, "the loop slept and was woken late: the process was stopped, or got no processor")
	}
}

// tellOf hands the monitor news of what is no long step.
func (l *Loop) tellOf(class stall.Class, now, took int64, blame string) {
	n := &news{class: class, blame: blame, elapsed: time.Duration(took), ended: class == stall.LateTimer, ready: l.ready.len()}
	if class == stall.ManySteps {
		n.evidence = stall.Evidence{Elapsed: n.elapsed, CPU: stall.CPUTime() - l.pace.cpu}
	}
	if class != stall.LateTimer {
		n.step = &slowStep{task: l.Current(), calling: l.calling, runner: l.cur.Load(), began: now - took}
		if class == stall.Spinner { // it is the task that is here
			trace := cut(traceOf(coro.Stack()))
			n.step.stack, n.step.finding = trace.String(), trace.Classify()
		}
	} else {
		n.late = 1
	}
	l.odd(n)
}

// odd leaves news for the monitor, which looks at each of its ticks. Of two in between
// the older are lost, and counted if the loop was blocked.
func (l *Loop) odd(n *news) {
	if before := l.oddity.Swap(n); before != nil && before.class != stall.LateTimer {
		l.watch.lost.Add(1)
	}
}
