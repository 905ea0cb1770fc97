package asyncio

import (
	"fmt"
	"os"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// A Stall is a report of the watch: something keeps the loop from running what is
// ready. See WithStallThreshold for when there is one, and WithStallHandler.
//
// The program, whose line File, Line and Func name, is package main, the main module, the
// modules of its workspace and those replaced by a folder. A module with a version is a
// dependency. If the stack has no line of the program, they name the innermost of a
// dependency.
type Stall struct {
	ID uint64 // of the stall, counted from 1 by each loop: all reports of one stall have it

	Task     AnyTask // whose step blocks the loop; nil for a callback, and for StallLateTimer
	TaskName string  // "callback" and the name of its function for a callback
	Created  string  // where the task was created or the callback registered, file:line; "" if that is not known

	Class  StallClass
	File   string // the innermost line of the program on the stack; "" if it was not found
	Line   int
	Func   string // the function with that line
	Call   string // what that line calls, such as "os.ReadFile"; "" if it does it itself
	Inside string // a dependency's innermost line below it, as "modernc.org/sqlite, busy.go:82"; "" if there is none
	Stack  string // of the goroutine, as the runtime prints it, down to the user's outermost function

	TraceFile string // for "go tool trace"; "" without WithFlightRecorder

	Elapsed time.Duration // so far, or in all if Ended
	AtPlace time.Duration // of that, how long it was at this line, if it has ended and was at several; otherwise 0
	Ended   bool
	Blame   string // the cause, in a line
	Advice  string // what to call instead, in a line

	ReadyTasks int // tasks and callbacks that could run and had to wait
	LateTimers int // timers that became due during the stall

	CPUShare float64       // processor time that the process used during the stall, in processors
	RunDelay time.Duration // how long its threads waited in the run queue of the system; 0 where that is unknown
	Rivals   int           // other goroutines that were running or runnable all the time
	Samples  int           // how often the watch looked

	Count      int           // stalls at this place so far, this one included
	Total      time.Duration // how long those that have ended took together
	Suppressed int           // stalls of the loop, since the last report, that were counted and not reported
}

// A StallClass says what kind of thing blocks the loop.
type StallClass uint8

// The classes. String returns the word in the comment.
const (
	StallUnknown   = StallClass(stall.Unknown)   // unknown: its stack was not seen
	StallCPU       = StallClass(stall.CPU)       // cpu: the task computes
	StallSleep     = StallClass(stall.Sleep)     // sleep: time.Sleep
	StallIO        = StallClass(stall.IO)        // io: it waits for the network, a pipe, or pages of a mapped file
	StallChannel   = StallClass(stall.Channel)   // channel: it receives, sends or selects
	StallLock      = StallClass(stall.Lock)      // lock: anything of package sync
	StallSyscall   = StallClass(stall.Syscall)   // syscall: a system call; Call names the function
	StallCgo       = StallClass(stall.Cgo)       // cgo: a C function
	StallGC        = StallClass(stall.GC)        // gc: it works, or waits, for the garbage collector, or that has the processors
	StallStarvedGo = StallClass(stall.StarvedGo) // starved-go: other goroutines of the program have the processors
	StallStarvedOS = StallClass(stall.StarvedOS) // starved-os: other processes, a CPU quota or the hypervisor have them
	StallSuspended = StallClass(stall.Suspended) // suspended: the process or the machine stood still
	StallManySteps = StallClass(stall.ManySteps) // many-steps: a turn of many steps, none of them long
	StallSpinner   = StallClass(stall.Spinner)   // spinner: a task that yields for ever and never waits
	StallLateTimer = StallClass(stall.LateTimer) // late-timer: the loop slept and was woken late
)

func (c StallClass) String() string { return stall.Class(c).String() }

// String is the report in at most five lines, in the words that a loop logs on a terminal,
// and the stack. The first line has the stall's ID and class, the task, the place, the
// duration and the advice.
func (s Stall) String() string {
	text := "asyncio: " + engine.Stall{
		ID: s.ID, Name: s.TaskName, Created: s.Created, Class: stall.Class(s.Class),
		Finding: stall.Finding{Call: s.Call, Inside: s.Inside, Frame: stall.Frame{Func: s.Func, File: s.File, Line: s.Line}},
		Trace:   s.TraceFile, Elapsed: s.Elapsed, AtPlace: s.AtPlace, Ended: s.Ended, Blame: s.Blame, Advice: s.Advice,
		Ready: s.ReadyTasks, Late: s.LateTimers, Count: s.Count, Total: s.Total, Silent: s.Suppressed,
	}.Text()
	if s.Stack != "" {
		text += "\n" + s.Stack
	}
	return text
}

// A StallError is an error of Run for a stall, under asynciotest.NoStalls.
type StallError struct{ Stall Stall }

func (e *StallError) Error() string { return e.Stall.String() }

// WithStallThreshold sets how long a step of the loop may last before the watch
// reports it. The default is 100 ms; 0 turns the watch off; a negative duration
// panics. The environment variable ASYNCIO_STALL, a duration such as 25ms or the
// word off, takes precedence over the options.
//
// A step is what runs between two awaits of a task, or a callback. While one lasts,
// at the threshold and at 2, 4 and 8 times it, and when it has ended, the watch
// logs a record through the loop's logger: the task that blocks the loop, the line,
// and what to call instead. The records of a stall have the same id; the stack is in the
// first. Where slog's default handler prints them on a terminal, a report is a text of at
// most five lines instead. docs/troubleshooting.md explains each attribute. A stall that moves on, to another line or
// class, is reported again; the report of its end names the place that took longest.
// Further stalls at a place (line and class) that was reported within the last minute
// are counted and not reported; the next report and the end of Run have the number. One
// that still lasts a minute after that report is reported then.
//
// The watch also reports a turn of many short steps that takes longer than that, and its
// end, with the number of the steps and, if most are calls of one callback, its name; a
// task that yields for ten times as long and never waits, and timers that fire so
// late because the loop was not woken in time.
//
// A step is seen to begin to within some milliseconds, so thresholds under 10 ms
// mean little. In a testing/synctest bubble there is no watch, except with
// asynciotest.NoStalls; asynciotest.Run reports a blocked loop without an option.
func WithStallThreshold(d time.Duration) Option {
	if d < 0 {
		panic(fmt.Sprintf("asyncio: WithStallThreshold(%v): d must be at least 0; 0 switches the watch off", d))
	}
	return func(c *engine.Config) { c.StallThreshold = d }
}

// WithStallHandler has fn called with each report of the watch, before it is logged. The
// calls come one after the other, in a goroutine that lives while there is a report, and
// while the loop is blocked: fn must not wait for the loop. The logger is called in another
// goroutine: one that blocks or panics does not delay fn.
//
// A report is logged when fn has returned, or after 100 ms. While fn lasts, 32 further
// reports wait for it; more are not delivered, and the end of Run logs their number. Run
// waits for fn and for the logger at its end, a second at most; calls that are outstanding
// then are made when fn returns. A panic of fn, and its end by runtime.Goexit, is logged. A
// second WithStallHandler replaces the first; nil: no handler.
func WithStallHandler(fn func(Stall)) Option {
	return func(c *engine.Config) {
		if fn == nil {
			c.OnStall = nil
			return
		}
		c.OnStall = func(s engine.Stall) { fn(publicStall(s)) }
	}
}

func publicStall(s engine.Stall) Stall {
	return Stall{
		ID: s.ID, Task: handleOf(s.Task), TaskName: s.Name, Created: s.Created,
		Class: StallClass(s.Class), File: s.Finding.File, Line: s.Finding.Line, Func: s.Finding.Func, Call: s.Finding.Call, Inside: s.Finding.Inside, Stack: s.Stack, TraceFile: s.Trace,
		Elapsed: s.Elapsed, AtPlace: s.AtPlace, Ended: s.Ended, Blame: s.Blame, Advice: s.Advice,
		ReadyTasks: s.Ready, LateTimers: s.Late,
		CPUShare: s.Evidence.Share(), RunDelay: s.Evidence.RunDelay, Rivals: s.Evidence.Rivals, Samples: s.Evidence.Samples,
		Count: s.Count, Total: s.Total, Suppressed: s.Silent,
	}
}

// stallVariable is the environment's word on the watch.
const stallVariable = "ASYNCIO_STALL"

// stallFromEnvironment applies ASYNCIO_STALL. What cannot be understood is told
// when the loop starts.
func stallFromEnvironment(c *engine.Config) {
	switch text := os.Getenv(stallVariable); text {
	case "":
	case "off", "0":
		c.StallThreshold = 0
	default:
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			c.BadStall = fmt.Sprintf("asyncio: %s=%q is neither a duration such as 25ms nor off; the threshold stays %v",
				stallVariable, text, c.StallThreshold)
			return
		}
		c.StallThreshold = d
	}
}
