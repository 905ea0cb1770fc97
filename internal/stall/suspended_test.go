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
		c.e.DelayKnown = true
		if got, blame := Weigh(Finding{Class: c.of}, c.e, 100*ms); got != c.want {
			t.Errorf("%s: %v, %q; want %v", c.name, got, blame, c.want)
		}
	}
}

// A stop is proven only where the system counts how long threads are queued.
func TestNoStopIsProvenWithoutTheRunDelay(t *testing.T) {
	const ms = time.Millisecond
	stopped := Evidence{Elapsed: 1200 * ms, Credited: 30 * ms, CPU: 2 * ms, Procs: 2}
	const cause = "it was stopped, or other processes had the processors"
	for name, weigh := range map[string]func(e Evidence) (Class, string){
		"a computation": func(e Evidence) (Class, string) { return Weigh(Finding{Class: CPU}, e, 100*ms) },
		"no stack":      func(e Evidence) (Class, string) { return Weigh(Finding{}, e, 100*ms) },
		"a turn":        func(e Evidence) (Class, string) { return WeighTurn(e, 100*ms, 1) },
		"a wake":        WeighWake,
		"a gap":         func(e Evidence) (Class, string) { c, blame, _ := WeighGap(e); return c, blame },
	} {
		want := StarvedOS
		if name == "a wake" {
			want = LateTimer
		}
		if got, blame := weigh(stopped); got != want || !strings.Contains(blame, cause) {
			t.Errorf("%s: %v, %q; want %v, ... %s", name, got, blame, want, cause)
		}
		known := stopped
		known.DelayKnown = true
		if got, blame := weigh(known); got != Suspended {
			t.Errorf("%s, with the run delay: %v, %q; want %v", name, got, blame, Suspended)
		}
		known.MostDelay = 900 * ms // before the first reading
		if got, blame := weigh(known); name != "a wake" && name != "a gap" && got == Suspended {
			t.Errorf("%s, with a run delay that may have been long: %v, %q", name, got, blame)
		}
	}
	if got, blame := Weigh(Finding{Class: Channel}, stopped, 100*ms); got != Channel {
		t.Errorf("a wait: %v, %q; want %v", got, blame, Channel)
	}
}

// The counters of a thread end with it. A difference is never below 0, and such a one is not known.
func TestUsageSinceAThreadHasEnded(t *testing.T) {
	if got := (Usage{RunDelay: 1, GC: 1, DelayKnown: true}).Since(Usage{RunDelay: 5, GC: 5, DelayKnown: true}); got != (Usage{}) {
		t.Errorf("the difference is %+v, want none", got)
	}
	if got := (Usage{RunDelay: 5, DelayKnown: true}).Since(Usage{}); got.DelayKnown {
		t.Errorf("the difference to no reading is %+v", got)
	}
}

// Other processes that have the processors, or a stop that is not proven, do not displace a wait that the stack shows.
func TestAWaitBesideOtherProcesses(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		e     Evidence
		want  Class // 0: that of the wait
		blame string
	}{
		{"threads were queued", Evidence{Elapsed: 121 * ms, Credited: 37 * ms, CPU: 9 * ms, RunDelay: 94 * ms, DelayKnown: true}, 0, "queued for 94ms: the wait may have ended before"},
		{"threads may have been queued", Evidence{Elapsed: 121 * ms, Credited: 37 * ms, CPU: 9 * ms, RunDelay: 9 * ms, MostDelay: 90 * ms, DelayKnown: true}, 0, ""},
		{"threads were queued, and the watch was not", Evidence{Elapsed: 165 * ms, Credited: 160 * ms, CPU: 9 * ms, RunDelay: 165 * ms, DelayKnown: true}, 0, "queued for 165ms"},
		{"a quota", Evidence{Elapsed: 121 * ms, Credited: 37 * ms, CPU: 9 * ms, Throttled: 90 * ms, DelayKnown: true}, StarvedOS, "quota"},
		{"it was stopped", Evidence{Elapsed: 621 * ms, Credited: 37 * ms, CPU: 9 * ms, RunDelay: 20 * ms, DelayKnown: true}, Suspended, "stood still"},
	} {
		for _, class := range []Class{Sleep, IO, Channel, Lock, Cgo} {
			e, want := c.e, c.want
			e.Procs = 2
			if want == Unknown {
				want = class
			}
			if got, blame := Weigh(Finding{Class: class}, e, 100*ms); got != want || !strings.Contains(blame, c.blame) {
				t.Errorf("%s, %v: %v, %q; want %v, ... %s ...", c.name, class, got, blame, want, c.blame)
			}
		}
	}
}

// A lock is no deadlock while goroutines run that may end the wait.
func TestNoDeadlockWhileGoroutinesRun(t *testing.T) {
	const ms = time.Millisecond
	for active, want := range map[float64]bool{0: true, 0.2: true, 0.9: false, 2: false} {
		e := Evidence{Elapsed: 810 * ms, Credited: 800 * ms, CPU: 90 * ms, Procs: 2, Active: active}
		if got, blame := Weigh(Finding{Class: Lock}, e, 100*ms); got != Lock || strings.Contains(blame, "probable deadlock") != want {
			t.Errorf("with %v active goroutines: %v, %q; want a deadlock: %v", active, got, blame, want)
		}
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
		{"stopped after a long time in which threads were queued", Evidence{Elapsed: 1016 * ms, CPU: 2 * ms, RunDelay: 14576 * ms, Procs: 2, Earlier: 4 * time.Minute}, LateTimer,
			"the loop woke 1.016s late: the cause was not measured: in the 4m1.016s since the counters were read before, the process used 2ms of processor time, and its threads were queued for 14.576s"},
		{"after a long time in which the process worked", Evidence{Elapsed: 1016 * ms, CPU: 9 * time.Second, RunDelay: 14576 * ms, Throttled: 800 * ms, Stolen: 700 * ms, Procs: 2, Earlier: time.Minute}, LateTimer,
			"the process used 9s of processor time, its threads were queued for 14.576s, the CPU quota of the control group held it for 800ms, and the hypervisor kept each processor for 700ms"},
		{"after a long time with a quota", Evidence{Elapsed: 1016 * ms, CPU: 2 * ms, Throttled: 800 * ms, Procs: 2, Earlier: time.Minute}, LateTimer, "quota"},
		{"after a long time, and other goroutines wake as well", Evidence{Elapsed: 1016 * ms, CPU: 2 * ms, RunDelay: 14576 * ms, Rivals: 3, Procs: 2, Earlier: time.Minute}, LateTimer, "not measured"},
		{"after a long time, and goroutines spin", Evidence{Elapsed: 1016 * ms, CPU: 30 * time.Second, RunDelay: 14576 * ms, Rivals: 3, Procs: 2, Earlier: time.Minute}, StarvedGo, "3 other goroutines"},
		{"stopped after a long idle time", Evidence{Elapsed: 1016 * ms, CPU: 2 * ms, RunDelay: 5 * ms, Procs: 2, Earlier: time.Minute}, Suspended, "stood still"},
		{"something else", Evidence{Elapsed: 230 * ms, CPU: 100 * ms, Procs: 2}, LateTimer, "the cause was not seen"},
	} {
		c.e.DelayKnown = true
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
		c.e.DelayKnown = true
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
		c.e.DelayKnown = true
		if got, blame := WeighTurn(c.e, 100*ms, 1); got != c.want || !strings.Contains(blame, "a turn of many steps") {
			t.Errorf("%s: %v, %q; want %v", c.name, got, blame, c.want)
		}
	}
}
