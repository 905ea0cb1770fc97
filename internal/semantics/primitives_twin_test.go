package semantics_test

import (
	"cmp"
	"fmt"
	"slices"
)

// The naive twin of a game: tasks, time and cancellation as one would write them down first. A task is what it
// does next, a function in the slice of what is ready. The twins of the primitives are in primitives_twins_test.go.

// A world is a loop with one naive primitive of each kind.
type world struct {
	game      *game
	now       int
	ready     []func()
	alarms    []*alarm
	people    []*person
	over      bool    // the end of the game has come: shielded waits end too
	sheltered []*spot // they, in order
	steps     trace
	told      standing
	locks     [2]naiveLock
	condition []*spot
	event     naiveEvent
	semaphore naiveSemaphore
	barrier   naiveBarrier
	queue     naiveQueue
}

// A person is the twin of a player.
type person struct {
	hand
	id        int
	cancelled bool
	gone      bool
	spot      *spot // where it waits, if it does and can be cancelled
	refused   bool  // its last await was refused: the next refusal takes a turn (S13)
}

// A spot is where somebody waits.
type spot struct {
	p     *person
	line  *[]*spot
	item  int // of a putter
	alarm *alarm
	then  func(why string)
}

type alarm struct {
	at int
	do func()
}

// foresee runs the game on the twin and returns its steps.
func foresee(g *game) (trace, error) {
	w := &world{game: g}
	w.semaphore.free = g.permits
	w.queue.max, w.queue.kind = g.max, g.kind
	for i := range g.scripts {
		p := &person{id: i}
		w.people = append(w.people, p)
		w.go_(func() { w.begin(p) })
	}
	for {
		for len(w.ready) > 0 {
			turn := w.ready
			w.ready = nil
			for _, fn := range turn {
				fn()
			}
			if err := w.check(); err != nil {
				return w.steps, err
			}
		}
		if len(w.alarms) == 0 && w.over {
			return w.steps, nil
		}
		if len(w.alarms) == 0 {
			w.end()
			continue
		}
		w.now = slices.MinFunc(w.alarms, func(a, b *alarm) int { return cmp.Compare(a.at, b.at) }).at
		for _, a := range slices.Clone(w.alarms) { // in the order in which they were set
			if a.at <= w.now && slices.Contains(w.alarms, a) {
				w.disarm(a)
				a.do()
			}
		}
	}
}

// end ends the game: nothing goes on by itself any more.
func (w *world) end() {
	w.over = true
	w.steps.add("the end")
	for len(w.sheltered) > 0 {
		w.wake(w.sheltered[0], "cancelled")
	}
	for _, p := range w.people {
		w.cancel(p)
	}
}

func (w *world) go_(fn func()) { w.ready = append(w.ready, fn) }

func (w *world) begin(p *person) {
	if p.cancelled { // before its first step: it never runs (S3)
		p.gone = true
		return
	}
	w.move(p, 0)
}

// move makes move i of p, and then those that follow.
func (w *world) move(p *person, i int) {
	if i == len(w.game.scripts[p.id]) {
		w.leave(p)
		return
	}
	m := w.game.scripts[p.id][i]
	w.steps.add(step(p.id, i, m, "", w.standing()))
	w.make(p, m, func(outcome string) {
		w.steps.add(step(p.id, i, m, outcome, w.standing()))
		if outcome == "cancelled" {
			w.leave(p)
		} else {
			w.move(p, i+1)
		}
	})
}

// leave gives back what p holds.
func (w *world) leave(p *person) {
	for i, held := range p.locks {
		if held {
			w.told.holders[i]--
			w.unlock(i)
		}
	}
	for ; p.permits > 0; p.permits-- {
		w.told.permits--
		w.giveBack()
	}
	w.steps.add(fmt.Sprintf("%d leaves; %v", p.id, w.standing()))
	p.gone = true
}

// enter is what every wait begins with (S13): it calls refuse if the wait fails at once, else then.
func (w *world) enter(p *person, m move, refuse func(why string), then func()) {
	why := ""
	switch {
	case m.limit == shielded && w.over, m.limit != shielded && p.cancelled:
		why = "cancelled"
	case m.limit == 0:
		why = "timeout"
	default:
		then()
		return
	}
	if !p.refused {
		p.refused = true
		refuse(why)
		return
	}
	w.go_(func() { refuse(why) })
}

// park has p wait in the line, under the limit of the move, until it is woken.
func (w *world) park(p *person, m move, line *[]*spot, then func(why string)) *spot {
	s := &spot{p: p, line: line, then: then}
	*line = append(*line, s)
	p.refused = false
	switch m.limit {
	case unconditional:
	case shielded:
		w.sheltered = append(w.sheltered, s)
	default:
		p.spot = s
		if m.limit > 0 {
			s.alarm = w.arm(m.limit, func() { w.wake(s, "timeout") })
		}
	}
	return s
}

// wake lets s go on in the next turn: from here on nothing else can happen to it (S15).
func (w *world) wake(s *spot, why string) {
	isIt := func(other *spot) bool { return other == s }
	*s.line = slices.DeleteFunc(*s.line, isIt)
	w.sheltered = slices.DeleteFunc(w.sheltered, isIt)
	w.disarm(s.alarm)
	s.p.spot = nil
	w.go_(func() { s.then(why) })
}

// wakeAll wakes a whole line.
func (w *world) wakeAll(line *[]*spot, why string) {
	for len(*line) > 0 {
		w.wake((*line)[0], why)
	}
}

// sleep is a wait for time; what can end early is not handed over, so that a cancellation counts to the last.
func (w *world) sleep(p *person, ns int, then func(outcome string)) {
	w.enter(p, move{limit: noLimit}, then, func() {
		goOn := func(string) {
			if p.cancelled {
				then("cancelled")
			} else {
				then("ok")
			}
		}
		if ns == 0 {
			p.refused = false
			w.go_(func() { goOn("") })
			return
		}
		s := w.park(p, move{limit: noLimit}, new([]*spot), goOn)
		s.alarm = w.arm(ns, func() { w.wake(s, "ok") })
	})
}

func (w *world) arm(in int, do func()) *alarm {
	a := &alarm{w.now + in, do}
	w.alarms = append(w.alarms, a)
	return a
}

func (w *world) disarm(a *alarm) {
	w.alarms = slices.DeleteFunc(w.alarms, func(other *alarm) bool { return other == a })
}

// cancel cancels p and reports whether it was still there.
func (w *world) cancel(p *person) bool {
	if p.gone {
		return false
	}
	p.cancelled = true
	if p.spot != nil {
		w.wake(p.spot, "cancelled")
	}
	return true
}
