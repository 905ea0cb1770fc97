package engine

import (
	"bytes"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// The text of a stall on a terminal, in a dump and by Stall.String.
func TestSentences(t *testing.T) {
	const ms = time.Millisecond
	at := func(file string, line int, call, inside string) stall.Finding {
		return stall.Finding{Call: call, Inside: inside, Frame: stall.Frame{File: file, Line: line}}
	}
	for want, r := range map[string]Stall{
		`task "checkout" has blocked the loop for 104 ms at shop/book.go:40 in database/sql.(*DB).ExecContext (inside modernc.org/sqlite, busy.go:82). Run that call in asyncio.ToThread(ctx, ...).`: {
			Name: "checkout", Class: stall.Sleep, Elapsed: 104 * ms, Advice: "run that call in asyncio.ToThread(ctx, ...)",
			Finding: at("/src/shop/book.go", 40, "database/sql.(*DB).ExecContext", "modernc.org/sqlite, busy.go:82"), Blame: "the task sleeps"},
		`task "login" has blocked the loop for 103 ms, computing at shop/users.go:15 in bcrypt.GenerateFromPassword. Run it in asyncio.ToThread(ctx, ...).`: {
			Name: "login", Class: stall.CPU, Elapsed: 103 * ms, Finding: at("/src/shop/users.go", 15, "bcrypt.GenerateFromPassword", ""), Advice: "run it in asyncio.ToThread(ctx, ...)"},
		`task "login" blocked the loop for 35.1 s, 34.2 s of that computing at shop/users.go:15.`: {
			Name: "login", Class: stall.CPU, Elapsed: 35100 * ms, AtPlace: 34200 * ms, Ended: true, Finding: at("/src/shop/users.go", 15, "", "")},
		`task "login" blocked the loop for 3 min 20 s, 2 min 0 s of that at shop/users.go:15.`: {
			Name: "login", Class: stall.Lock, Elapsed: 200 * time.Second, AtPlace: 120 * time.Second, Ended: true, Finding: at("/src/shop/users.go", 15, "", "")},
		`the loop woke 230ms late: 15 other goroutines of this program want 1 processor. Bound them.`: {
			Class: stall.StarvedGo, Elapsed: 230 * ms, Ended: true, Blame: "the loop woke 230ms late: 15 other goroutines of this program want 1 processor", Advice: "bound them"},
		`the process stood still for 1s, and used 2ms of processor time. Nothing in the program.`: {
			Class: stall.Suspended, Elapsed: time.Second, Ended: true, Blame: "the process stood still for 1s, and used 2ms of processor time", Advice: "nothing in the program"},
		`one turn ran for 1.70 s: other processes have the processors.`: {
			Class: stall.StarvedOS, Elapsed: 1700 * ms, Ended: true, Blame: "a turn of many steps was held up: other processes have the processors"},
		`the loop woke 230 ms late: the process stood still.`: {
			Class: stall.LateTimer, Elapsed: 230 * ms, Ended: true, Blame: "the process stood still"},
		`one turn ran for 1.48 s: it ran 10000, each of them short; most of them are calls of main.publish, registered at feed.go:26. Make the calls in batches.`: {
			Class: stall.ManySteps, Ended: true, Elapsed: 1480 * ms, Name: "callback main.publish", Advice: "make the calls in batches",
			Blame: "a turn of many steps: it ran 10000, each of them short; most of them are calls of main.publish, registered at feed.go:26"},
		`callback main.publish has blocked the loop for 2.00 s at x/feed.go:26.`: {
			Class: stall.IO, Elapsed: 2 * time.Second, Name: "callback main.publish", Finding: at("x/feed.go", 26, "", "")},
		`a step of task "a\nb" lasted 100 ms: other processes have the processors. Nothing in the program.`: {
			Class: stall.StarvedOS, Elapsed: 100 * ms, Name: "a\nb", Ended: true, Blame: "other processes have the processors", Advice: "nothing in the program"},
		`task "ask" has yielded for 1.00 s without waiting at x/poll.go:1. Wait for it.`: {
			Class: stall.Spinner, Elapsed: time.Second, Name: "ask", Finding: at("x/poll.go", 1, "", ""), Advice: "wait for it"},
		`a callback blocked the loop for 250 h 0 min: its stack was not found. asyncio.ToThread(ctx, ...) runs it.`: {
			Elapsed: 250 * time.Hour, Name: "callback", Ended: true, Blame: "its stack was not found", Advice: "asyncio.ToThread(ctx, ...) runs it"},
	} {
		if got := r.Sentence(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// The first record of a stall has all that is known, and the stack. Those after it refer to it by the id.
func TestRecordsOfAStall(t *testing.T) {
	l := New(Config{})
	s := &slowStep{place: &spot{}}
	base := Stall{ID: 7, Loop: l, Class: stall.Sleep, Name: "a", Created: "x.go:1", Stack: "main.f(...)\n\t/x.go:1\nmain.g(...)\n\t/x.go:2\n", Elapsed: 100 * time.Millisecond, Blame: "b", Advice: "c", Evidence: stall.Evidence{Samples: 3, Elapsed: 3, CPU: 2}}
	moved, ended, proved := base, base, base
	proved.Blame = "b: 98% and 1.02s"
	moved.Finding.File, moved.Class = "y.go", stall.Lock
	ended.Ended = true
	for i, c := range []struct {
		Stall
		has, hasNot string
		lines       int // on a terminal
	}{
		{base, "created=x.go:1 duration=100ms blame=b advice=c ready_tasks=0 late_timers=0 cpu=0.67 run_delay=0s runnable_goroutines=0 stack=\"main.f /x.go:1 < main.g /x.go:2\"", "count=", 3},
		{base, "id=7 class=sleep task=a duration=100ms ready_tasks=0", "created= blame= advice= stack=", 1},
		{proved, `blame="b: 98% and 1.02s"`, "stack=", 3},
		{proved, "id=7", "blame=", 1},
		{moved, "class=lock at=y.go:0 task=a created=x.go:1", "stack=", 3},
		{moved, "class=lock at=y.go:0 task=a duration", "created= stack=", 1},
		{base, "created=x.go:1", "stack=", 3},
		{ended, "created=x.go:1", "stack=", 1},
		{moved, "created=x.go:1", "stack=", 3},
	} {
		s.reported.follows(&c.Stall)
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Warn(c.Headline(), c.attrs()...)
		if !strings.Contains(b.String(), c.has) {
			t.Errorf("record %d is %swant %s", i, &b, c.has)
		}
		for field := range strings.FieldsSeq(c.hasNot) {
			if strings.Contains(b.String(), " "+field) {
				t.Errorf("record %d has %s: %s", i, field, &b)
			}
		}
		text := c.terminalText()
		if n := 1 + strings.Count(text, "\n"); n != c.lines || !strings.HasPrefix(text, "asyncio: stall 7 (") {
			t.Errorf("text %d has %d lines, want %d:\n%s", i, n, c.lines, text)
		}
	}
}

// With all that can be said the text has five lines.
func TestTextOfAStallIsShort(t *testing.T) {
	r := Stall{ID: 1, Class: stall.Lock, Name: "a", Created: "x.go:1", Blame: "b", Advice: "c", Ready: 1, Late: 2, Count: 3, Total: time.Second, Silent: 4, Trace: "t", Stack: "s\ns\ns"}
	want := `stall 1 (lock): task "a" has blocked the loop for 0 µs. C.
  why: b
  created at x.go:1, 1 task or callback is ready, 2 timers are late
  3 times here, 1.00 s in all, 4 other stalls were not reported
  trace: go tool trace t`
	if got := r.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A report is a text where slog's default handler prints it on a terminal, and a record otherwise.
func TestOnATerminal(t *testing.T) {
	defer func(f func(*os.File) bool, stderr *os.File) { isTerminal, os.Stderr = f, stderr }(isTerminal, os.Stderr)
	for name, c := range map[string]struct {
		terminal bool
		logger   *slog.Logger
		text     bool
	}{
		"a terminal":                {true, nil, true},
		"a terminal, with a logger": {true, slog.New(slog.NewTextHandler(os.Stderr, nil)), false},
		"a file":                    {false, nil, false},
	} {
		isTerminal = func(*os.File) bool { return c.terminal }
		l := New(Config{Logger: c.logger, Name: "shop"})
		if got := l.logsToTerminal(); got != c.text {
			t.Errorf("%s: %v, want %v", name, got, c.text)
		}
	}
	l := New(Config{Name: "shop"})
	r := Stall{ID: 3, Loop: l, Class: stall.IO, Name: "a", Created: "x.go:1", Elapsed: time.Second}
	if got, want := r.terminalText(), "asyncio: loop \"shop\", stall 3 (io): task \"a\" has blocked the loop for 1.00 s.\n  created at x.go:1"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// On a terminal the record at the end of Run is a text, too, as is the number of reports that were not logged.
func TestOnATerminal_TheEndOfRun(t *testing.T) {
	defer func(f func(*os.File) bool, w io.Writer, flags int) {
		isTerminal, os.Stderr = f, w.(*os.File)
		log.SetFlags(flags)
		log.SetOutput(w)
	}(isTerminal, log.Writer(), log.Flags())
	place := &spot{StallPlace: StallPlace{Class: stall.Sleep, Count: 9, Total: 2100 * time.Millisecond,
		Finding: stall.Finding{Call: "time.Sleep", Frame: stall.Frame{File: "/src/shop/book.go", Line: 40}}}, place: "/src/shop/book.go:40", muted: true}
	for want, c := range map[string]struct {
		left              int
		lost, undelivered int
		dropped           uint64
		places            map[string]*spot
	}{
		"14 stalls were not reported, 3.20 s in all. The worst place: 9 stalls (sleep) at shop/book.go:40 in time.Sleep, 2.10 s in all.": {left: 14, places: map[string]*spot{"": place}},
		"1 stall was not reported, 3.20 s in all.\n  2 reports before this one were not logged":                                          {left: 1, dropped: 2},
		"1 observation was lost, because the watch was late. 2 reports were not handled, because the stall handler blocked.":             {lost: 1, undelivered: 2},
	} {
		file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		os.Stderr = file
		log.SetOutput(file)
		log.SetFlags(0)
		isTerminal = func(*os.File) bool { return true }
		l := New(Config{Name: "shop"})
		w := &l.watch
		w.l, w.left, w.leftTook, w.places.all = l, c.left, 3200*time.Millisecond, c.places
		w.lost.Store(int64(c.lost))
		w.delivery.undelivered.Store(uint64(c.undelivered))
		w.delivery.dropped.Store(c.dropped)
		w.sum()
		<-w.delivery.logger.ended()
		got, err := os.ReadFile(file.Name())
		if want = "WARN asyncio: loop \"shop\", " + want + "\n"; err != nil || string(got) != want {
			t.Errorf("%v, got\n%swant\n%s", err, got, want)
		}
	}
}
