package stall

import (
	"fmt"
	"time"
)

// Evidence is what the process did during a stall.
type Evidence struct {
	Elapsed  time.Duration
	Credited time.Duration // of Elapsed, what the watch saw pass itself: the rest, it stood still too
	CPU      time.Duration // of the whole process
	RunDelay time.Duration // how long its threads stood in line for a processor
	Procs    int           // GOMAXPROCS
	Rivals   int           // other goroutines that wanted a processor, the least that was seen
	Samples  int           // how often the watch looked
	Alone    bool          // no other goroutine was there that could end a wait, but suspended tasks
}

// Share is the processor time that the process got, in processors.
func (e Evidence) Share() float64 {
	if e.Elapsed <= 0 {
		return 0
	}
	return float64(e.CPU) / float64(e.Elapsed)
}

// own is how much the task itself can have computed: of what the process did, an
// equal part for each goroutine that wanted a processor, if there were too few.
func (e Evidence) own() time.Duration {
	if e.contended() {
		return e.CPU / time.Duration(e.Rivals+1)
	}
	return min(e.CPU, e.Elapsed)
}

func (e Evidence) contended() bool { return e.Rivals+1 > e.Procs }

// computed reports whether the task can have computed for long, or for most of the
// time. Where the system does not tell what the process used, it can.
func (e Evidence) computed(threshold time.Duration) bool {
	own := e.own()
	return own >= threshold || own > e.Elapsed*6/10 || e.CPU == 0 && !e.stood()
}

// stood reports whether the whole process stood still for most of the time.
func (e Evidence) stood() bool { return e.Credited < e.Elapsed/2 && e.Share() < 0.3 }

// waited reports whether nothing kept the task from computing, and it did not: the watch
// beside it got on all the time, and nobody stood in line.
func (e Evidence) waited() bool {
	return e.CPU > 0 && e.Share() < 0.1 && e.Credited > e.Elapsed*3/4 && e.RunDelay <= e.Elapsed/4 && !e.contended()
}

// queued reports whether threads of the process stood in line for most of the time. The
// loop's may have been one of them: where nothing was seen of what the task did, that is
// not held against it.
func (e Evidence) queued() bool { return e.RunDelay > e.Elapsed/2 }

// others says who has the processors that the task did not get.
func (e Evidence) others() (Class, string) {
	switch {
	case e.stood() && e.RunDelay <= e.Elapsed/2:
		return Suspended, fmt.Sprintf("the process stood still: the watch itself saw %s of %s go by", round(e.Credited), round(e.Elapsed))
	case e.contended() && e.Share() > 0.6*float64(e.Procs):
		return StarvedGo, fmt.Sprintf("%d other goroutines of this program compete for %d processor(s)", e.Rivals, e.Procs)
	case e.RunDelay > e.Elapsed/4:
		return StarvedOS, fmt.Sprintf("other processes have the processors: threads of this one stood in line for %s", round(e.RunDelay))
	}
	return StarvedOS, fmt.Sprintf("the task could compute, and the process got %.0f%% of a processor: other processes have them, or the system", 100*e.Share())
}

// Weigh decides whom to blame for a stall in which the stack was found to be of
// class c, given what a stall is, and says it in a line.
func Weigh(c Class, e Evidence, threshold time.Duration) (Class, string) {
	if c.waits() && e.stood() && e.Credited < threshold { // otherwise it has waited for a threshold before the watch's eyes
		return e.others()
	}
	share := e.Share()
	switch c {
	case CPU, Unknown:
		if c == Unknown && e.waited() {
			return c, fmt.Sprintf("its stack was not seen, and it waited: the process used %.0f%% of a processor", 100*share)
		}
		if !e.computed(threshold) || c == Unknown && e.queued() {
			return e.others()
		}
		if c == Unknown {
			return c, "it was seen only when it was over"
		}
		return c, fmt.Sprintf("the task computes: the process used %.0f%% of a processor", 100*share)
	case Sleep:
		return c, "the task sleeps, and the loop with it"
	case IO:
		return c, "the task waits for input or output, and the loop with it"
	case Channel, Lock:
		if e.Alone {
			return c, "only a task of this loop is left that could end this wait, and none can run: unless a timer ends it, it never ends"
		}
		if c == Channel {
			return c, "the task waits for a channel, and the loop with it: for ever, if only a task of this loop serves it"
		}
		if e.Elapsed >= 8*threshold && share < 0.5 {
			return c, "probable deadlock: if what it waits for is held or owed by a task parked on this loop, neither can ever go on"
		}
		return c, "the task waits for a lock or another goroutine, and the loop with it: for ever, if the other is a task of this loop"
	case Syscall:
		return c, "the task is in a system call, and the loop with it"
	case Cgo:
		if share > 0.7 {
			return c, "the task is in a C function that computes"
		}
		return c, "the task is in a C function that waits"
	case GC:
		return c, "the garbage collector has the task do a part of its work, or wait"
	}
	return c, ""
}

// waits reports whether a goroutine of the class waits for something of its own choice,
// which a process that stands still explains no more once it goes on.
func (c Class) waits() bool {
	switch c {
	case Sleep, IO, Channel, Lock, Syscall, Cgo:
		return true
	}
	return false
}

// WeighTurn decides whom to blame for a turn of many steps, none of which lasted long.
func WeighTurn(e Evidence, threshold time.Duration) (Class, string) {
	if e.queued() || !e.computed(threshold) && (e.stood() || e.contended() || e.RunDelay > e.Elapsed/4) {
		c, blame := e.others()
		return c, "a turn of many steps was held up: " + blame
	}
	return ManySteps, "a turn of many steps: each was short"
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
