package semantics_test

import (
	"errors"
	"fmt"
	"slices"
)

// The naive primitives: slices and counters. Each says, in a line of check, when nobody may wait.

type naiveLock struct {
	holder *person
	line   []*spot
}

type naiveEvent struct {
	set  bool
	line []*spot
}

type naiveSemaphore struct {
	free int
	line []*spot
}

type naiveBarrier struct {
	broken bool
	line   []*spot
}

// A naiveQueue sets aside, for those who were woken, as many items and rooms as they are.
type naiveQueue struct {
	kind             string
	max              int
	items            []int // in the order in which they were put
	getters, putters []*spot
	taking, putting  int // woken, and not yet run
	unfinished       int
	joiners          []*spot
	down             bool
}

// check tells whether somebody waits for what is there.
func (w *world) check() error {
	q := &w.queue
	for i, l := range w.locks {
		if l.holder == nil && len(l.line) > 0 {
			return fmt.Errorf("twin: %d wait for lock %d, which is free", len(l.line), i)
		}
	}
	switch {
	case w.event.set && len(w.event.line) > 0:
		return errors.New("twin: somebody waits for an event that is set")
	case w.semaphore.free > 0 && len(w.semaphore.line) > 0:
		return errors.New("twin: somebody waits for a permit, and there is one")
	case len(q.getters) > 0 && q.there() > 0:
		return errors.New("twin: somebody waits for an item, and there is one")
	case len(q.putters) > 0 && q.room() && q.putting == 0:
		return errors.New("twin: somebody waits for room, and there is some")
	case q.down && len(q.getters)+len(q.putters) > 0:
		return errors.New("twin: somebody waits for a queue that is shut down")
	case q.unfinished == 0 && len(q.joiners) > 0:
		return errors.New("twin: somebody waits for nothing to be done")
	}
	return w.standing().check(w.game)
}

func (w *world) standing() standing {
	s := w.told
	s.locked = [2]bool{w.locks[0].holder != nil, w.locks[1].holder != nil}
	s.set, s.waiting, s.broken, s.items = w.event.set, len(w.barrier.line), w.barrier.broken, w.queue.there()
	return s
}

// make makes one move and calls then with its outcome, at once or when it has been waited for.
func (w *world) make(p *person, m move, then func(outcome string)) {
	wait := func(line *[]*spot, wanted func() bool, then func(why string)) {
		w.enter(p, m, then, func() {
			if wanted() {
				then("ok")
			} else {
				w.park(p, m, line, then)
			}
		})
	}
	switch m.do {
	case "yield":
		w.sleep(p, 0, then)
	case "sleep":
		w.sleep(p, m.n, then)
	case "cancel":
		then(fmt.Sprint(w.cancel(w.people[m.on])))
	case "wait":
		wait(&w.event.line, func() bool { return w.event.set }, then)
	case "set":
		w.event.set = true
		w.wakeAll(&w.event.line, "ok")
		then("ok")
	case "clear":
		w.event.set = false
		then("ok")
	case "barrier":
		w.arrive(p, m, then)
	case "reset", "abort":
		w.barrier.broken = m.do == "abort"
		w.wakeAll(&w.barrier.line, "broken")
		then("ok")
	case "permit":
		wait(&w.semaphore.line, w.takePermit, func(why string) {
			if why == "ok" {
				p.permits++
				w.told.permits++
			}
			then(why)
		})
	case "try permit":
		if !w.takePermit() {
			then("no")
			return
		}
		p.permits++
		w.told.permits++
		then("ok")
	case "give back":
		if p.permits == 0 {
			then("has none")
			return
		}
		p.permits--
		w.told.permits--
		w.giveBack()
		then("ok")
	case "acquire", "try", "release", "condition", "notify", "notify all":
		w.lockMove(p, m, then)
	case "join":
		wait(&w.queue.joiners, func() bool { return w.queue.unfinished == 0 }, then)
	default:
		w.queueMove(p, m, then)
	}
}

func (w *world) takePermit() bool {
	if w.semaphore.free == 0 {
		return false
	}
	w.semaphore.free--
	return true
}

func (w *world) giveBack() {
	if len(w.semaphore.line) > 0 {
		w.wake(w.semaphore.line[0], "ok")
	} else {
		w.semaphore.free++
	}
}

// arrive gives the numbers when the last one comes, in order of arrival.
func (w *world) arrive(p *person, m move, then func(outcome string)) {
	b := &w.barrier
	w.enter(p, m, then, func() {
		if b.broken {
			then("broken")
			return
		}
		if len(b.line) == w.game.parties-1 {
			for number, s := range slices.Clone(b.line) {
				s.item = number
				w.wake(s, "ok")
			}
			then(fmt.Sprint("ok ", w.game.parties-1))
			return
		}
		var s *spot
		s = w.park(p, m, &b.line, func(why string) {
			if why == "ok" {
				why = fmt.Sprint("ok ", s.item)
			}
			then(why)
		})
	})
}

func (w *world) lockMove(p *person, m move, then func(outcome string)) {
	lock, held := &w.locks[m.on], &p.locks[m.on]
	has := func(why string) {
		if why == "ok" {
			*held = true
			w.told.holders[m.on]++
		}
		then(why)
	}
	switch {
	case *held && (m.do == "acquire" || m.do == "try"):
		then("has it")
	case m.do == "acquire":
		w.enter(p, m, then, func() { w.lock(p, m, m.on, has) })
	case m.do == "try" && lock.holder != nil:
		then("no")
	case m.do == "try":
		lock.holder = p
		has("ok")
	case m.do == "release" && !*held:
		then("has it not")
	case m.do == "release":
		*held = false
		w.told.holders[m.on]--
		w.unlock(m.on)
		then("ok")
	default:
		w.conditionMove(p, m, then)
	}
}

func (w *world) conditionMove(p *person, m move, then func(outcome string)) {
	lock := &w.locks[0]
	locked := func(why string) {
		if why != "ok" {
			then(why)
			return
		}
		if !p.locks[0] {
			w.told.holders[0]++
			andThen := then
			then = func(outcome string) {
				w.told.holders[0]--
				w.unlock(0)
				andThen(outcome)
			}
		}
		switch m.do {
		case "condition":
			w.waitForNotice(p, m, then)
			return
		case "notify":
			for range min(m.n, len(w.condition)) {
				w.wake(w.condition[0], "ok")
			}
		case "notify all":
			w.wakeAll(&w.condition, "ok")
		}
		then("ok")
	}
	switch {
	case p.locks[0]:
		locked("ok")
	case m.do == "condition":
		w.enter(p, m, then, func() { w.lock(p, m, 0, locked) })
	case lock.holder != nil:
		then("no")
	default:
		lock.holder = p
		locked("ok")
	}
}

func (w *world) waitForNotice(p *person, m move, then func(outcome string)) {
	w.told.holders[0]--
	again := func(why string) {
		w.told.holders[0]++
		then(why)
	}
	w.enter(p, m, again, func() {
		w.unlock(0)
		w.park(p, m, &w.condition, func(why string) { // whatever came, the lock is waited for
			w.lock(p, move{limit: unconditional}, 0, func(string) { again(why) })
		})
	})
}

func (w *world) lock(p *person, m move, i int, then func(why string)) {
	l := &w.locks[i]
	if l.holder == nil {
		l.holder = p
		then("ok")
		return
	}
	if ring := w.ring(p, l); ring != nil && m.limit != unconditional {
		then("deadlock")
		return
	} else if ring != nil { // S24: p must have the lock, so that another wait ends
		w.wake(ring[0], "deadlock")
	}
	w.park(p, m, &l.line, then)
}

// ring returns the waits that would lead back to p if it waited for the lock.
func (w *world) ring(p *person, l *naiveLock) (waits []*spot) {
	for l != nil {
		if l.holder == p {
			return waits
		}
		var next *naiveLock
		for i := range w.locks {
			for _, s := range w.locks[i].line {
				if s.p == l.holder {
					next = &w.locks[i]
					waits = append(waits, s)
				}
			}
		}
		l = next
	}
	return nil
}

func (w *world) unlock(i int) {
	l := &w.locks[i]
	l.holder = nil
	if len(l.line) > 0 {
		l.holder = l.line[0].p
		w.wake(l.line[0], "ok")
	}
}
