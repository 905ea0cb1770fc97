package engine

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// pace detects what no single step shows: a turn of many steps, and a task that yields without
// end. The loop takes a note whenever it clears a mark, about a hundred times a second while it is
// busy. The loop owns the fields.
type pace struct {
	turn  uint64        // the turn of the last note
	since int64         // when the turn was first seen, or the last long step in it ended; published as Loop.turnBegan
	cpu   time.Duration // CPU time of the process at since
	due   time.Duration // the duration at which the turn is reported next: 1, 2, 4 ... thresholds
	told  longTurn      // the turn that was reported, until it ends

	callback calling // candidate for the callback of most notes of the turn
	votes    int     // votes for callback minus votes for others
	seen     int     // number of notes of the turn

	notes, yields int    // notes since the loop slept or a spinner was reported, and those of a yielding task
	spunAt        int64  // time of the first of these notes
	spunFrom      uint64 // turn of the first of these notes
}

const (
	spinThresholds = 10                    // thresholds after which a spinner is reported
	spinTurn       = 50 * time.Microsecond // maximum mean turn of a spinner; longer turns do work
)

// stepLasted records the duration of a marked step. A step over the threshold is reported as such,
// and does not count for its turn.
func (l *Loop) stepLasted(now, took int64) {
	if took >= int64(l.cfg.StallThreshold) {
		l.turnFrom(now)
		if t := l.Running(); t != nil && l.cfg.StallThreshold > 0 {
			l.finished.stepped(t, time.Duration(took))
		}
	}
}

func (l *Loop) turnFrom(now int64) {
	l.pace.since, l.pace.cpu = now, stall.CPUTime()
	l.turnBegan.Store(now)
}

// watchPace takes a note: it reports a turn of many steps that is due, and a spinner.
func (l *Loop) watchPace(now int64) {
	p, threshold := &l.pace, int64(l.cfg.StallThreshold)
	if threshold <= 0 {
		return
	}
	if p.turn != l.turns {
		l.turnEnded(now)
		p.turn, p.due, p.votes, p.seen = l.turns, l.cfg.StallThreshold, 0, 0
		l.turnFrom(now)
	}
	p.vote(l)
	if took := now - p.since; took >= int64(p.due) && p.due > 0 {
		for p.due > 0 && took >= int64(p.due) {
			p.due *= 2 // after the last report it overflows
		}
		if p.told.since == 0 {
			p.told = longTurn{since: p.since, cpu: p.cpu, size: l.size}
		}
		l.tellOf(stall.ManySteps, now, now-p.told.since, fmt.Sprintf("a turn of many steps: %d ran, each of them short, and %d more are ready in it%s", l.size-l.left, l.left, p.mostly()))
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

// most reports whether most notes of the turn saw the same callback.
func (p *pace) most() bool { return 2*p.votes > p.seen }

// mostly names that callback, as the rest of a sentence about the turn's steps.
func (p *pace) mostly() string {
	if !p.most() {
		return ""
	}
	name, created := p.callback.describe("")
	text := "; most of them are calls of " + strings.TrimPrefix(name, "callback ")
	if created != "" {
		text += ", registered at " + filepath.Base(created)
	}
	return text
}

// mostly assigns the turn to the callback that most notes of it saw, if there is one.
func (s *slowStep) mostly(l *Loop) {
	if l.pace.most() {
		s.task, s.runner, s.calling = nil, &l.rootRunner, l.pace.callback
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
	blame := fmt.Sprintf("a turn of many steps: it ran %d, each of them short%s", told.size, p.mostly())
	s.mostly(l)
	took := time.Duration(now - told.since)
	l.odd(&news{class: stall.ManySteps, blame: blame, elapsed: took, ended: true, step: s,
		evidence: stall.Evidence{Elapsed: took, Credited: took, CPU: stall.CPUTime() - told.cpu, Procs: runtime.GOMAXPROCS(0)}})
}

// sleeps resets the notes: a task that lets the loop sleep is not a spinner.
func (p *pace) sleeps() { p.notes, p.yields, p.turn = 0, 0, 0 }

// timerLate reports a late wake: the loop slept until a timer, and the timer was long due when the
// loop woke. A timer that a step delayed, or that was set for a time in the past, does not count.
func (l *Loop) timerLate(due, woke int64) {
	if l.monitorDone != nil {
		l.tellOf(stall.LateTimer, woke, woke-due, "the loop slept and woke late")
	}
}

// tellOf leaves news of an anomaly for the monitor.
func (l *Loop) tellOf(class stall.Class, now, took int64, blame string) {
	n := &news{class: class, blame: blame, elapsed: time.Duration(took), ended: class == stall.LateTimer, ready: l.ready.len()}
	if class == stall.ManySteps {
		n.evidence = stall.Evidence{Elapsed: n.elapsed, CPU: stall.CPUTime() - l.pace.told.cpu}
		n.part = float64(max(1, l.size-l.left)) / float64(max(1, l.size))
	}
	if class != stall.LateTimer {
		n.step = &slowStep{task: l.Current(), calling: l.calling, runner: l.cur.Load(), began: now - took}
		if class == stall.Spinner { // the task runs this call
			trace := cut(stall.TraceOf(coro.Stack()))
			n.step.stack, n.step.finding = trace.String(), trace.Classify()
		}
		if class == stall.ManySteps {
			n.step.mostly(l)
		}
	} else {
		n.late = 1
		n.used = stall.ReadProcess() // the monitor reads the other counters
		n.evidence = stall.Evidence{Elapsed: n.elapsed, Credited: n.elapsed, Rivals: max(0, stall.Wanting()-1), Slept: true}
	}
	l.odd(n)
}

// odd leaves news for the monitor, which takes them at its next tick. Newer news replace older
// ones. The replaced news are counted as lost, except those of a late wake.
func (l *Loop) odd(n *news) {
	if before := l.oddity.Swap(n); before != nil && before.class != stall.LateTimer {
		l.watch.lost.Add(1)
	}
}
