package poll

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// scripted is a kqueue whose events the test makes.
type scripted struct {
	refused map[kfilter]error
	watched []kevent
	next    []kevent
	waited  []time.Duration
	calmed  int
}

func (s *scripted) watch(fd uint64, filter kfilter) error {
	if err := s.refused[filter]; err != nil {
		return err
	}
	s.watched = append(s.watched, kevent{fd: fd, filter: filter})
	return nil
}

func (s *scripted) wait(events *[mostEvents]kevent, d time.Duration) int {
	s.waited = append(s.waited, d)
	n := copy(events[:], s.next)
	s.next = s.next[n:]
	return n
}

func (s *scripted) calm() { s.calmed++ }

// listening is a source that remembers what it was told.
type listening []Events

func (l *listening) Ready(e Events) { *l = append(*l, e) }

func newKqueue() (*kqueue, *scripted, *table) {
	s := &scripted{refused: map[kfilter]error{}}
	return &kqueue{sys: s, wakefd: 3, tokens: map[uint64]Token{}}, s, &table{}
}

func TestKqueueTellsWhatHappened(t *testing.T) {
	k, sys, sources := newKqueue()
	var a, b listening
	for fd, l := range map[uint64]*listening{7: &a, 8: &b} {
		if err := k.add(fd, sources.add(l)); err != nil {
			t.Fatal(err)
		}
	}
	sys.next = []kevent{{fd: 7, filter: kread}, {fd: 8, filter: kwrite}, {fd: 3}, {fd: 7, filter: kread, over: true}, {fd: 8, filter: kwrite, over: true}}
	k.wait(-1, sources)
	if want := (listening{Readable, Readable | Writable | Ended}); !slices.Equal(a, want) {
		t.Errorf("7 heard %v, want %v", a, want)
	}
	if want := (listening{Writable, Readable | Writable | Ended}); !slices.Equal(b, want) {
		t.Errorf("8 heard %v, want %v", b, want)
	}
	if sys.calmed != 1 {
		t.Errorf("the pipe was emptied %d times for one wake-up", sys.calmed)
	}
	if !slices.Equal(sys.waited, []time.Duration{-1}) {
		t.Errorf("waited %v, want once without end", sys.waited)
	}
}

func TestKqueueWatchesWhatASideHas(t *testing.T) {
	refusal := errors.New("no such direction")
	for _, c := range []struct {
		refused []kfilter
		fails   bool
	}{{nil, false}, {[]kfilter{kwrite}, false}, {[]kfilter{kread}, false}, {[]kfilter{kread, kwrite}, true}} {
		k, sys, sources := newKqueue()
		for _, f := range c.refused {
			sys.refused[f] = refusal
		}
		err := k.add(5, sources.add(&listening{}))
		if (err != nil) != c.fails {
			t.Errorf("refused %v: add returned %v", c.refused, err)
		}
		if got := len(sys.watched); got != 2-len(c.refused) {
			t.Errorf("refused %v: %d directions are watched", c.refused, got)
		}
	}
}

// A descriptor that was closed and is used again: what is on its way for the first
// source reaches neither it nor, by its token, another.
func TestKqueueForgetsASource(t *testing.T) {
	k, sys, sources := newKqueue()
	var left, came listening
	first := sources.add(&left)
	k.add(9, first)
	sources.remove(first)
	sys.next = []kevent{{fd: 9}}
	k.wait(0, sources)
	k.add(9, sources.add(&came))
	sys.next = []kevent{{fd: 9}, {fd: 10}}
	k.wait(0, sources)
	if len(left) != 0 || !slices.Equal(came, listening{Readable}) {
		t.Errorf("the one that left heard %v, its successor %v", left, came)
	}
}

func TestKqueueTakesManyEventsInTurn(t *testing.T) {
	k, sys, sources := newKqueue()
	var all listening
	k.add(4, sources.add(&all))
	sys.next = slices.Repeat([]kevent{{fd: 4}}, mostEvents+1)
	k.wait(0, sources)
	if len(all) != mostEvents {
		t.Errorf("%d events in one go, want %d", len(all), mostEvents)
	}
	k.wait(0, sources)
	if len(all) != mostEvents+1 {
		t.Errorf("%d events in all, want %d", len(all), mostEvents+1)
	}
}
