package poll

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// scripted is a kqueue whose events are set by the test.
type scripted struct {
	refused map[kfilter]error
	watched []kevent
	next    []kevent
	waited  []time.Duration
	drained int
}

func (s *scripted) watch(fd uint64, filter kfilter) error {
	if err := s.refused[filter]; err != nil {
		return err
	}
	s.watched = append(s.watched, kevent{fd: fd, filter: filter})
	return nil
}

func (s *scripted) wait(events *[maxEvents]kevent, d time.Duration) int {
	s.waited = append(s.waited, d)
	n := copy(events[:], s.next)
	s.next = s.next[n:]
	return n
}

func (s *scripted) drainPipe() { s.drained++ }

// listening is a source that records its events.
type listening []Events

func (l *listening) Ready(e Events) { *l = append(*l, e) }

func newKqueue() (*kqueue, *scripted, *table) {
	s := &scripted{refused: map[kfilter]error{}}
	return &kqueue{sys: s, wakefd: 3, tokens: map[uint64]Token{}}, s, &table{}
}

func TestKqueueReportsEvents(t *testing.T) {
	k, sys, sources := newKqueue()
	var a, b listening
	for fd, l := range map[uint64]*listening{7: &a, 8: &b} {
		if err := k.add(fd, sources.add(l)); err != nil {
			t.Fatal(err)
		}
	}
	sys.next = []kevent{{fd: 7, filter: kread}, {fd: 8, filter: kwrite}, {fd: 3}, {fd: 7, filter: kread, ended: true}, {fd: 8, filter: kwrite, ended: true}}
	k.wait(-1, sources)
	if want := (listening{Readable, Readable | Writable | Ended}); !slices.Equal(a, want) {
		t.Errorf("7 got %v, want %v", a, want)
	}
	if want := (listening{Writable, Readable | Writable | Ended}); !slices.Equal(b, want) {
		t.Errorf("8 got %v, want %v", b, want)
	}
	if sys.drained != 1 {
		t.Errorf("the pipe was emptied %d times for one wake-up", sys.drained)
	}
	if !slices.Equal(sys.waited, []time.Duration{-1}) {
		t.Errorf("waited %v, want once without end", sys.waited)
	}
}

func TestKqueueWatchesOneDirection(t *testing.T) {
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

// A late event of a removed source reaches neither it nor the next source of the descriptor.
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
		t.Errorf("the removed source got %v, the next one %v", left, came)
	}
}

func TestKqueueLimitsEventsPerWait(t *testing.T) {
	k, sys, sources := newKqueue()
	var all listening
	k.add(4, sources.add(&all))
	sys.next = slices.Repeat([]kevent{{fd: 4}}, maxEvents+1)
	k.wait(0, sources)
	if len(all) != maxEvents {
		t.Errorf("%d events in one go, want %d", len(all), maxEvents)
	}
	k.wait(0, sources)
	if len(all) != maxEvents+1 {
		t.Errorf("%d events in all, want %d", len(all), maxEvents+1)
	}
}
