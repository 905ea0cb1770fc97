package engine

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// The history is bounded: what took least is forgotten first, and not the stall that lasts. Texts are cut.
func TestPlacesAreBounded(t *testing.T) {
	l := New(Config{})
	ps := &l.watch.places
	lasting := &slowStep{}
	r := Stall{Class: stall.Lock, Name: "lasts " + strings.Repeat("x", 1000), Stack: strings.Repeat("y", 1<<20)}
	lasting.place = ps.enter(r)
	ps.lasts(lasting, r)
	for i := range 3 * maxPlaces {
		ps.took(ps.enter(Stall{Class: stall.IO, Name: fmt.Sprint(i)}), time.Duration(i)*time.Hour)
	}
	all := l.Places()
	if len(all) != maxPlaces || all[0].Name != fmt.Sprint(3*maxPlaces-1) {
		t.Fatalf("%d places are kept, the first is %q, want %d and the worst first", len(all), all[0].Name, maxPlaces)
	}
	least := all[len(all)-1]
	if least.Class != stall.Lock || len(least.Name) > mostText+3 || len(least.Stack) != maxPlaceStack {
		t.Errorf("the stall that lasts is %v with %d bytes of its name and %d of its stack", least.Class, len(least.Name), len(least.Stack))
	}
	ps.ended(lasting, time.Minute)
	ps.enter(Stall{Class: stall.IO, Name: "new"})
	if all = l.Places(); len(all) != maxPlaces || all[len(all)-1].Name != "new" || all[len(all)-2].Class == stall.Lock {
		t.Errorf("after its end %+v and %+v are the least", all[len(all)-2], all[len(all)-1])
	}
}

// At each instant the history has the duration of a stall once, also at a place to which it has returned.
func TestTheEndOfAStallIsOneTransition(t *testing.T) {
	l := New(Config{})
	ps := &l.watch.places
	const second = time.Second
	for range 2000 {
		began := l.Elapsed() - int64(3*second)
		s := &slowStep{began: began}
		a, b := ps.enter(Stall{Class: stall.IO, Name: "a"}), ps.enter(Stall{Class: stall.IO, Name: "b"})
		s.phases = []phase{{key: "a", place: a, took: 2 * second}, {key: "b", place: b, took: second}} // a, b, a
		s.place, s.looked = a, 3*second
		ps.lasts(s, Stall{Class: stall.IO, Name: "a"})
		s.ended.Store(began + int64(3*second))
		done := make(chan []StallPlace)
		go func() {
			var seen []StallPlace
			for range 5 {
				seen = append(seen, l.Places()...)
			}
			done <- seen
		}()
		ps.ended(s, 3*second)
		for _, p := range append(<-done, l.Places()...) {
			if want := map[string]time.Duration{"a": 2 * second, "b": second}[p.Name]; p.Total != want || p.Longest != want {
				t.Fatalf("place %s has %v, the longest %v; want %v", p.Name, p.Total, p.Longest, want)
			}
		}
		clear(ps.all)
	}
}

// A step, a late wake and a turn at the same line are three places: none of them mutes another one.
func TestALateWakeDoesNotMuteAStep(t *testing.T) {
	var got []string
	l := New(Config{StallThreshold: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler), OnStall: func(s Stall) { got = append(got, s.Name) }})
	at := stall.Finding{Class: stall.CPU, Frame: stall.Frame{Func: "main.resize", File: "/src/pool.go", Line: 19}}
	const ms = time.Millisecond
	w := &l.watch
	for range 2 {
		for _, r := range []Stall{{Evidence: stall.Evidence{Slept: true}}, {Name: "a", step: &slowStep{}}, {Blame: heldUp}} {
			s := &slowStep{}
			r.Loop, r.Class, r.Finding, r.Elapsed, r.Ended = l, stall.StarvedGo, at, 200*ms, true
			w.enter(s, r, int64(time.Second))
			w.emitOrCount(r, s, int64(time.Second))
		}
	}
	w.tell(news{class: stall.GC, ended: true})
	l.watch.close()
	l.watch.wait()
	if len(got) != 4 || got[0] != "" || got[1] != "a" || got[2] != "" {
		t.Errorf("reports of %q, want a wake, the step, a turn, and the last", got)
	}
}

// The time at places that a stall does not list is none of the listed ones.
func TestTooManyPlacesOfAStall(t *testing.T) {
	var last Stall
	l := New(Config{StallThreshold: time.Second, EveryStall: true, Logger: slog.New(slog.DiscardHandler), OnStall: func(s Stall) { last = s }})
	l.takeStackMarker()
	defer l.releaseStackMarker()
	s := &slowStep{began: int64(time.Hour)}
	w := &l.watch
	w.taken = slices.Repeat([]int64{1 << 62}, maxLooks) // no capture: the test sets the stack
	elapsed := time.Duration(0)
	for i := range maxPhases + 8 {
		s.finding = stall.Finding{Class: stall.Sleep, Frame: stall.Frame{Func: "main.f", File: "main.go", Line: 1 + i}}
		s.stack = "main.f(...)\n"
		elapsed += time.Second
		w.during(news{step: s, elapsed: elapsed, look: true, evidence: stall.Evidence{Elapsed: elapsed, Credited: elapsed}}, int64(elapsed))
		<-w.delivery.handler.ended() // its queue is bounded
	}
	s.ended.Store(s.began + int64(elapsed))
	w.tell(news{step: s, elapsed: elapsed, ended: true, evidence: stall.Evidence{Elapsed: elapsed, Credited: elapsed}})
	w.close()
	w.wait()
	all := l.Places()
	if len(all) != maxPhases+1 || all[0].Class != stall.Unknown || all[0].Total != 8*time.Second || all[0].Finding.Line != 0 || all[1].Total != time.Second || all[maxPhases].Total != time.Second {
		t.Errorf("%d places: %+v", len(all), all)
	}
	if !last.Ended || last.AtPlace != time.Second || last.Finding.Line == 0 || !strings.Contains(last.Blame, "8s were spent at further places") {
		t.Errorf("the last report is %+v", last)
	}
}

// The state of a stall ends with the stall, whether or not the news of its end arrive.
func TestAnEndWhoseNewsAreLost(t *testing.T) {
	for _, then := range []string{"another step", "nothing", "the end", "the news"} {
		var reports []Stall
		l := New(Config{StallThreshold: time.Second, EveryStall: true, Logger: slog.New(slog.DiscardHandler), OnStall: func(s Stall) { reports = append(reports, s) }})
		w := &l.watch
		w.taken = slices.Repeat([]int64{1 << 62}, maxLooks)
		step := func(line int) *slowStep {
			return &slowStep{began: int64(time.Hour), runner: &l.rootRunner, stack: "main.f(...)\n", finding: stall.Finding{Class: stall.Sleep, Frame: stall.Frame{Func: "main.f", File: "main.go", Line: line}}}
		}
		s := step(1)
		w.hear(news{step: s, elapsed: time.Second, evidence: stall.Evidence{Elapsed: time.Second, Credited: time.Second}})
		if w.current.Load() == nil || w.places.step != s {
			t.Fatal("the stall is not the current one")
		}
		s.ended.Store(s.began + int64(3*time.Second))
		end := news{step: s, elapsed: 3 * time.Second, ended: true}
		switch then {
		case "another step":
			w.lost.Add(1)
			w.tell(news{step: step(2), elapsed: time.Second, ended: true})
		case "nothing":
			w.lost.Add(1)
			w.tell(news{class: stall.GC, ended: true})
		case "the end":
		case "the news":
			w.endOpen()
			w.hear(end)
		}
		if then == "the end" || then == "the news" {
			w.tell(end)
		}
		w.close()
		w.wait()
		ends := 0
		for _, r := range reports {
			if r.Ended && r.Finding.Line == 1 {
				ends++
			}
		}
		all := l.Places()
		at := slices.IndexFunc(all, func(p StallPlace) bool { return p.Finding.Line == 1 })
		if ends != 1 || w.current.Load() != nil || w.places.step != nil || at < 0 || all[at].Total != 3*time.Second {
			t.Errorf("%s: %d ends, current %v, places %+v", then, ends, w.current.Load(), all)
		}
	}
}

// News of an anomaly may overtake those of the end of a step, which have the evidence. The step may
// have ended before the watch looked at it.
func TestAnAnomalyBeforeTheEndOfAStep(t *testing.T) {
	var reports []Stall
	l := New(Config{StallThreshold: time.Second, EveryStall: true, Logger: slog.New(slog.DiscardHandler), OnStall: func(s Stall) { reports = append(reports, s) }})
	w := &l.watch
	s := &slowStep{began: int64(time.Hour), runner: &l.rootRunner}
	s.ended.Store(s.began + int64(2*time.Second))
	e := stall.Evidence{Elapsed: 2 * time.Second, Procs: 2, CPU: 20 * time.Millisecond, RunDelay: 1900 * time.Millisecond, DelayKnown: true, Credited: 2 * time.Second}
	w.open = s // it ended while the watch captured its stack
	w.tell(news{class: stall.LateTimer, elapsed: time.Second, ended: true})
	w.tell(news{step: s, elapsed: 2 * time.Second, ended: true, evidence: e})
	w.close()
	w.wait()
	var of []Stall
	for _, r := range reports {
		if r.step == s {
			of = append(of, r)
		}
	}
	if len(of) != 1 || of[0].Class != stall.StarvedOS || of[0].Evidence.RunDelay != e.RunDelay {
		t.Errorf("%d reports of the step, want one of the class %v with the evidence of its end: %+v", len(of), stall.StarvedOS, of)
	}
}

// A whole stack shows the line of the program. A later look at the same recursion may not.
func TestALookWithoutALineOfTheProgram(t *testing.T) {
	program := stall.Finding{Class: stall.CPU, Frame: stall.Frame{Func: "main.f", File: "/src/main.go", Line: 1}}
	inside := stall.Finding{Class: stall.CPU, Frame: stall.Frame{Func: "example.com/dep.f", File: "/mod/example.com/dep@v1.0.0/dep.go", Line: 2}}
	waits := inside
	waits.Class = stall.Lock
	for _, c := range []struct {
		name               string
		before, look, want stall.Finding
	}{
		{"the same class", program, inside, program},
		{"another class", program, waits, waits},
		{"the first look", stall.Finding{}, inside, inside},
		{"a line of the program", inside, program, program},
	} {
		s := &slowStep{finding: c.before}
		if s.see("", c.look); s.finding != c.want {
			t.Errorf("%s: the finding is %+v, want %+v", c.name, s.finding, c.want)
		}
	}
}
