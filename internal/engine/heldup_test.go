package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// A turn that other processes hold up is one stall without a task: it has one ID, one count and one end. If
// the turn proves to be slow by itself, it is a stall of that class only.
func TestATurnThatIsHeldUp(t *testing.T) {
	const ms = time.Millisecond
	held := func(elapsed time.Duration) stall.Evidence {
		return stall.Evidence{Elapsed: elapsed, Credited: elapsed, CPU: elapsed / 10, RunDelay: elapsed * 8 / 10, Procs: 2}
	}
	slow := func(elapsed time.Duration) stall.Evidence {
		return stall.Evidence{Elapsed: elapsed, Credited: elapsed, CPU: elapsed, Procs: 2}
	}
	for _, c := range []struct {
		name  string
		looks []stall.Evidence
		want  []string
		place stall.Class
	}{
		{"all the time", []stall.Evidence{held(100 * ms), held(200 * ms), held(400 * ms)}, []string{"1 starved-os false", "1 starved-os true"}, stall.StarvedOS},
		{"at first", []stall.Evidence{held(100 * ms), slow(400 * ms)}, []string{"1 starved-os false", "1 many-steps false", "1 many-steps true"}, stall.ManySteps},
		{"never", []stall.Evidence{slow(100 * ms), held(400 * ms)}, []string{"1 many-steps false", "1 many-steps true"}, stall.ManySteps},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			l := New(Config{StallThreshold: 100 * ms, Logger: slog.New(slog.DiscardHandler), OnStall: func(s Stall) {
				got = append(got, fmt.Sprint(s.ID, " ", s.Class, " ", s.Ended))
				if held := s.Class != stall.ManySteps; held != (s.Task == nil && s.Name == "") || held && !strings.HasPrefix(s.Sentence(), "one turn ") {
					t.Errorf("of class %v: task %q in %q", s.Class, s.Name, s.Sentence())
				}
			}})
			l.takeStackMarker()
			defer l.releaseStackMarker()
			task := &Task{}
			task.prepare(l, 1, nil, 0, "innocent")
			step := func() *slowStep { return &slowStep{task: task, runner: &l.rootRunner, began: 7} }
			for _, e := range c.looks {
				l.watch.tell(news{class: stall.ManySteps, step: step(), elapsed: e.Elapsed, evidence: e, part: 1})
			}
			l.watch.tell(news{class: stall.ManySteps, step: step(), elapsed: 800 * ms, ended: true})
			l.watch.close()
			l.watch.wait()
			if !slices.Equal(got, c.want) {
				t.Errorf("reports %q, want %q", got, c.want)
			}
			if all := l.Places(); len(all) != 1 || all[0].Class != c.place || all[0].Count != 1 || all[0].Total != 800*ms {
				t.Errorf("places %+v, want one stall of class %v and 800ms", all, c.place)
			}
			if all := l.StallCounts(); len(all) != 1 || all[0].Class != c.place {
				t.Errorf("counts %+v, want class %v only", all, c.place)
			}
		})
	}
}

// The history keeps a copy of a name, and not the text that the name was cut from.
func TestPlacesCopyNames(t *testing.T) {
	l := New(Config{})
	large := strings.Repeat("x", 1<<20)
	p := l.watch.places.enter(Stall{Class: stall.IO, Name: large[:5]})
	for what, text := range map[string]string{"name": p.Name, "place": p.place} {
		if unsafe.StringData(text) == unsafe.StringData(large) {
			t.Errorf("the %s of a place keeps the text that it is a part of", what)
		}
	}
}

// An Error method of the user is not called at the end of a task: it could block the loop.
func TestFailureTextCallsNoErrorOfTheUser(t *testing.T) {
	for want, err := range map[string]error{
		`"disk full"`:         errors.New("disk full"),
		`"open: disk full"`:   fmt.Errorf("open: %w", errors.New("disk full")),
		`"*engine.opaque"`:    &opaque{t},
		`"*fs.PathError"`:     &fs.PathError{Op: "open", Path: "x", Err: &opaque{t}},
		`"*errors.joinError"`: errors.Join(&opaque{t}),
	} {
		if got := failureText(err); got != want {
			t.Errorf("failureText: %s, want %s", got, want)
		}
	}
}

// opaque is an error whose text nobody may ask for.
type opaque struct{ t *testing.T }

func (e *opaque) Error() string {
	e.t.Error("Error of the user's error is called")
	return ""
}
