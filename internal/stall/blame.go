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
}

// Share is the processor time that the process got, in processors.
func (e Evidence) Share() float64 {
	if e.Elapsed <= 0 {
		return 0
	}
	return float64(e.CPU) / float64(e.Elapsed)
}

// mine is the share of a processor that one of many goroutines gets.
func (e Evidence) mine() float64 { return min(1, float64(e.Procs)/float64(e.Rivals+1)) }

// Weigh decides whom to blame for a stall in which the stack was found to be of
// class c, given what a stall is, and says it in a line.
func Weigh(c Class, e Evidence, threshold time.Duration) (Class, string) {
	share := e.Share()
	starved := e.RunDelay > e.Elapsed/2 && share < 0.6
	stood := e.Credited < e.Elapsed/2 && share < 0.3
	if stood && c.waits() && e.Credited >= threshold {
		stood = false // it has waited for a threshold before the watch's eyes, whatever else there was
	}
	if stood {
		if starved {
			return StarvedOS, starvedOS(e)
		}
		return Suspended, fmt.Sprintf("the process stood still: the watch itself saw %s of %s go by",
			round(e.Credited), round(e.Elapsed))
	}
	switch c {
	case CPU, Unknown:
		own := min(e.CPU, time.Duration(e.mine()*float64(e.Elapsed)))
		if starved && own < threshold {
			return StarvedOS, starvedOS(e)
		}
		full := share > 0.85*float64(e.Procs)
		if full && e.mine() < 0.6 && own < threshold {
			return StarvedGo, fmt.Sprintf("%d other goroutines of this program compete for %d processor(s)", e.Rivals, e.Procs)
		}
		if c == Unknown {
			return c, "it was seen only when it was over"
		}
		return c, fmt.Sprintf("the task computes: the process used %.0f%% of a processor", 100*share)
	case Sleep:
		return c, "the task sleeps, and the loop with it"
	case IO:
		return c, "the task waits for input or output, and the loop with it"
	case Channel:
		return c, "the task waits for a channel, and the loop with it"
	case Lock:
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

func starvedOS(e Evidence) string {
	return fmt.Sprintf("other processes have the processors: threads of this one stood in line for %s", round(e.RunDelay))
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
