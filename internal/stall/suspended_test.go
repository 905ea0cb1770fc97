package stall

import (
	"strings"
	"testing"
	"time"
)

// A process is suspended only if it did not run though nothing kept it from that. A lone goroutine proves nothing about
// waits that the system ends.
func TestBlameForAStop(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		of   Class
		e    Evidence
		want Class
	}{
		{"beside goroutines that want its processor", Lock, Evidence{Elapsed: 634 * ms, Credited: 39 * ms, CPU: 180 * ms, Procs: 1, Rivals: 25}, StarvedGo},
		{"a stop beside such goroutines", Lock, Evidence{Elapsed: 634 * ms, Credited: 39 * ms, CPU: 6 * ms, Procs: 1, Rivals: 25}, Suspended},
		{"a lone sleep", Sleep, Evidence{Elapsed: 2000 * ms, Credited: 30 * ms, Stopped: 1900 * ms, CPU: 5 * ms, Procs: 2, Alone: true}, Suspended},
		{"a lone wait for a channel, stopped", Channel, Evidence{Elapsed: 2000 * ms, Credited: 30 * ms, Stopped: 1900 * ms, CPU: 5 * ms, Procs: 2, Alone: true}, Suspended},
		{"a lone wait for a channel", Channel, Evidence{Elapsed: 2000 * ms, Credited: 30 * ms, CPU: 5 * ms, Procs: 2, Alone: true}, Channel},
	} {
		if got, blame := Weigh(Finding{Class: c.of}, c.e, 100*ms); got != c.want {
			t.Errorf("%s: %v, %q; want %v", c.name, got, blame, c.want)
		}
	}
}

// The counters of a thread end with it, and a difference is never below 0.
func TestUsageSinceAThreadHasEnded(t *testing.T) {
	if got := (Usage{RunDelay: 1, GC: 1}).Since(Usage{RunDelay: 5, GC: 5}); got != (Usage{}) {
		t.Errorf("the difference is %+v, want none", got)
	}
}

// The cause of a late wake is what had the processors as the loop woke.
func TestBlameForALateWake(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		e     Evidence
		want  Class
		blame string
	}{
		{"spinning goroutines", Evidence{Elapsed: 230 * ms, CPU: 228 * ms, Procs: 1, Rivals: 15, Most: "main.resize, pool.go:19"}, StarvedGo, "the loop woke 230ms late: 15 other goroutines of this program want 1 processor; most CPU: main.resize, pool.go:19"},
		{"spinning goroutines beside another process", Evidence{Elapsed: 230 * ms, CPU: 120 * ms, RunDelay: 110 * ms, Procs: 1, Rivals: 15}, StarvedGo, "15 other"},
		{"it was stopped, and its threads are queued when it continues", Evidence{Elapsed: 1200 * ms, CPU: 2 * ms, RunDelay: 350 * ms, Procs: 2}, Suspended, "stood still"},
		{"it was stopped, and other goroutines wake as well", Evidence{Elapsed: 1200 * ms, CPU: 2 * ms, RunDelay: 5 * ms, Procs: 2, Rivals: 3}, Suspended, "stood still"},
		{"it was stopped", Evidence{Elapsed: 1200 * ms, CPU: 2 * ms, RunDelay: 5 * ms, Procs: 2}, Suspended, "stood still"},
		{"other processes", Evidence{Elapsed: 230 * ms, CPU: 2 * ms, RunDelay: 220 * ms, Procs: 2}, StarvedOS, "other processes"},
		{"other processes, beside one worker", Evidence{Elapsed: 230 * ms, CPU: 60 * ms, RunDelay: 400 * ms, Procs: 2, Rivals: 1}, StarvedOS, "other processes"},
		{"a quota", Evidence{Elapsed: 230 * ms, CPU: 20 * ms, Throttled: 200 * ms, Procs: 2}, StarvedOS, "CPU quota"},
		{"the collector", Evidence{Elapsed: 230 * ms, CPU: 400 * ms, GC: 300 * ms, Procs: 2}, GC, "collector"},
		{"stopped after a long time in which threads were queued", Evidence{Elapsed: 1016 * ms, CPU: 2 * ms, RunDelay: 14576 * ms, Procs: 2, Older: true}, LateTimer, "the cause was not seen"},
		{"stopped after a long idle time", Evidence{Elapsed: 1016 * ms, CPU: 2 * ms, RunDelay: 5 * ms, Procs: 2, Older: true}, Suspended, "stood still"},
		{"something else", Evidence{Elapsed: 230 * ms, CPU: 100 * ms, Procs: 2}, LateTimer, "the cause was not seen"},
	} {
		got, blame := WeighWake(c.e)
		if got != c.want || !strings.Contains(blame, c.blame) || !strings.HasPrefix(blame, "the loop woke ") {
			t.Errorf("%s: %v, %q; want %v, ... %s ...", c.name, got, blame, c.want, c.blame)
		}
	}
}

// A gap of the watch is a stop only if the process did nothing, and none of its threads could run.
func TestBlameForAGap(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		e    Evidence
		want Class
	}{
		{"it was stopped", Evidence{Elapsed: 1200 * ms, CPU: 3 * ms, RunDelay: 4 * ms, Procs: 2}, Suspended},
		{"it was stopped beside other processes", Evidence{Elapsed: 1200 * ms, CPU: 3 * ms, RunDelay: 200 * ms, Procs: 2}, Suspended},
		{"it worked", Evidence{Elapsed: 1200 * ms, CPU: 700 * ms, Procs: 2}, Unknown},
		{"it was queued", Evidence{Elapsed: 300 * ms, CPU: 3 * ms, RunDelay: 290 * ms, Procs: 2}, Unknown},
		{"a quota", Evidence{Elapsed: 300 * ms, CPU: 3 * ms, Throttled: 290 * ms, Procs: 2}, StarvedOS},
	} {
		if got, blame, ok := WeighGap(c.e); got != c.want || ok != (got != Unknown) || ok != (blame != "") {
			t.Errorf("%s: %v, %q, %v; want %v", c.name, got, blame, ok, c.want)
		}
	}
}

// Nothing in the program is said only of a process that stood still.
func TestNothingInTheProgramIsSaidOfAStopOnly(t *testing.T) {
	for c := range Classes {
		if says := strings.Contains(Advice(c, Finding{Class: c}, false), "nothing in the program"); says != (c == Suspended) {
			t.Errorf("%v: says %v", c, says)
		}
	}
}

// A turn of many steps is to blame only if it can have taken that long by itself.
func TestBlameForATurn(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		e    Evidence
		want Class
	}{
		{"it computes", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 105 * ms, Procs: 2}, ManySteps},
		{"its steps wait, each for a moment", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 10 * ms, Procs: 2}, ManySteps},
		{"others spin", Evidence{Elapsed: 110 * ms, Credited: 60 * ms, CPU: 110 * ms, Procs: 1, Rivals: 8}, StarvedGo},
		{"other processes", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 30 * ms, RunDelay: 60 * ms, Procs: 2}, StarvedOS},
		{"it was stopped", Evidence{Elapsed: 310 * ms, Credited: 30 * ms, CPU: 15 * ms, Procs: 2}, Suspended},
		{"nobody tells what the process used", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, Procs: 2}, ManySteps},
		{"beside garbage and other processes", Evidence{Elapsed: 114 * ms, Credited: 110 * ms, CPU: 138 * ms, RunDelay: 143 * ms, Procs: 2}, StarvedOS},
	} {
		if got, blame := WeighTurn(c.e, 100*ms, 1); got != c.want || !strings.Contains(blame, "a turn of many steps") {
			t.Errorf("%s: %v, %q; want %v", c.name, got, blame, c.want)
		}
	}
}
