package asyncio

import (
	"fmt"
	"os"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// A Stall is a report of the stall watch: something prevents the loop from running tasks that are
// ready. WithStallThreshold describes when there is one. WithStallHandler receives them.
//
// File, Line and Func name a line of the program. The program is package main, the main module,
// the modules of its workspace and those replaced by a folder. A module with a version is a
// dependency. If the stack has no line of the program, the fields name the innermost line of a
// dependency.
type Stall struct {
	ID uint64 // of the stall, counted from 1 by each loop; all reports of one stall have the same ID

	Task     AnyTask // the task whose step blocks the loop; nil for a callback, and if no step ran
	TaskName string  // "callback" and the name of its function for a callback
	Created  string  // where the task was created or the callback registered, file:line; "" if unknown

	Class  StallClass
	File   string // the innermost line of the program on the stack; "" if it was not found
	Line   int
	Func   string // the function with that line
	Call   string // what that line calls, such as "os.ReadFile"; "" if the line calls nothing
	Inside string // a dependency's innermost line below it, as "modernc.org/sqlite, busy.go:82"; "" if no dependency is involved
	Stack  string // of the goroutine, as the runtime prints it, down to the user's outermost function

	TraceFile string // for "go tool trace"; "" without WithFlightRecorder

	Elapsed time.Duration // so far, or in all if Ended
	AtPlace time.Duration // part of Elapsed at this line, if the stall has ended and was at several lines; otherwise 0
	Ended   bool
	Blame   string // the cause, in a line
	Advice  string // what to call instead, in a line

	ReadyTasks int // tasks and callbacks that could run and had to wait
	LateTimers int // timers that became due during the stall

	CPUShare float64       // processor time that the process used during the stall, in processors
	RunDelay time.Duration // how long threads of the process were queued for a processor; 0 if unknown, as outside Linux
	Rivals   int           // other goroutines that were running or runnable all the time
	Samples  int           // how often the watch looked

	Count      int           // stalls at this place so far, this one included
	Total      time.Duration // total duration of those that have ended
	Suppressed int           // stalls of the loop that were counted and not reported since the last report
}

// A StallClass is the kind of a stall.
type StallClass uint8

// The classes. String returns the word in the comment.
const (
	StallUnknown   = StallClass(stall.Unknown)   // unknown: no stack was captured
	StallCPU       = StallClass(stall.CPU)       // cpu: the task computes
	StallSleep     = StallClass(stall.Sleep)     // sleep: time.Sleep
	StallIO        = StallClass(stall.IO)        // io: a wait for the network, a pipe, or pages of a mapped file
	StallChannel   = StallClass(stall.Channel)   // channel: a receive, a send or a select
	StallLock      = StallClass(stall.Lock)      // lock: a wait in package sync
	StallSyscall   = StallClass(stall.Syscall)   // syscall: a system call; Call names the function
	StallCgo       = StallClass(stall.Cgo)       // cgo: a C function
	StallGC        = StallClass(stall.GC)        // gc: work or a wait for the garbage collector, or the collector has the processors
	StallStarvedGo = StallClass(stall.StarvedGo) // starved-go: other goroutines of the program have the processors
	StallStarvedOS = StallClass(stall.StarvedOS) // starved-os: other processes, a CPU quota or the hypervisor have the processors
	StallSuspended = StallClass(stall.Suspended) // suspended: the process or the machine stood still
	StallManySteps = StallClass(stall.ManySteps) // many-steps: a turn of many short steps
	StallSpinner   = StallClass(stall.Spinner)   // spinner: a task that yields without end and never waits
	StallLateTimer = StallClass(stall.LateTimer) // late-timer: the loop slept and woke late, and the cause was not seen
)

func (c StallClass) String() string { return stall.Class(c).String() }

// String returns the report as a loop logs it on a terminal, in at most five lines, and the stack.
// The first line has the stall's ID and class, the task, the place, the duration and the advice.
func (s Stall) String() string {
	var task *engine.Task
	if s.Task != nil {
		task = s.Task.core()
	}
	text := "asyncio: " + engine.Stall{
		ID: s.ID, Task: task, Name: s.TaskName, Created: s.Created, Class: stall.Class(s.Class),
		Finding: stall.Finding{Call: s.Call, Inside: s.Inside, Frame: stall.Frame{Func: s.Func, File: s.File, Line: s.Line}},
		Trace:   s.TraceFile, Elapsed: s.Elapsed, AtPlace: s.AtPlace, Ended: s.Ended, Blame: s.Blame, Advice: s.Advice,
		Ready: s.ReadyTasks, Late: s.LateTimers, Count: s.Count, Total: s.Total, Silent: s.Suppressed,
	}.Text()
	if s.Stack != "" {
		text += "\n" + s.Stack
	}
	return text
}

// A StallError is the error that Run returns for a stall, with asynciotest.NoStalls.
type StallError struct{ Stall Stall }

func (e *StallError) Error() string { return e.Stall.String() }

// WithStallThreshold sets how long a step of the loop may last before the watch
// reports it. The default is 100 ms; 0 turns the watch off; a negative duration
// panics. The environment variable ASYNCIO_STALL takes precedence over the options. It is a
// duration such as 25ms; off and 0 turn the watch off. The loop warns of any other value
// when it starts, and ignores it.
//
// A step is a callback, or what a task runs between two awaits. The watch logs a record
// through the loop's logger when a step has lasted for the threshold, for 2, 4 and 8 times
// the threshold, and when it has ended. The first record comes within 1.5 thresholds if the
// process gets its processors, and later if the watch does not get one. The record has the task that blocks the loop, the
// line, and what to call instead. The records of one stall have the same id. The first one
// has the stack. Where slog's default handler prints on a terminal, the report is a text of
// at most five lines instead. docs/troubleshooting.md explains each attribute.
//
// A stall that moves to another line or class is reported again. The report of its end
// names the place that took longest. Further stalls at a place (line and class) that was
// reported within the last minute are counted and not reported. The next report and the end
// of Run have their number. A stall that still lasts a minute after that report is reported.
//
// The watch also reports:
//   - a turn of many short steps that takes longer than the threshold, and its end, with the
//     number of steps and the callback that most of them call,
//   - a task that yields for ten times the threshold and never waits,
//   - a loop that slept and woke later than its timers by the threshold.
//
// The beginning of a step is measured to within some milliseconds, so thresholds under 10 ms
// mean little. In a testing/synctest bubble there is no watch, except with
// asynciotest.NoStalls. asynciotest.Run reports a blocked loop without an option.
func WithStallThreshold(d time.Duration) Option {
	if d < 0 {
		panic(fmt.Sprintf("asyncio: WithStallThreshold(%v): d must be at least 0; 0 switches the watch off", d))
	}
	return func(c *engine.Config) { c.StallThreshold = d }
}

// WithStallHandler sets fn as the stall handler. The loop calls it with each report of the watch
// before the report is logged. The calls come one after the other, in a goroutine that lives
// while there are reports. The loop may be blocked then, so fn must not wait for it. The logger
// is called in another goroutine. A logger that blocks or panics does not delay fn.
//
// A report is logged when fn has returned, or after 100 ms. While fn runs, up to 32 further
// reports wait. More are not delivered, and the end of Run logs their number. At its end Run
// waits for fn and for the logger for at most a second. Calls that remain are made when fn
// returns. A panic of fn and a call of runtime.Goexit are logged. A second WithStallHandler
// replaces the first. A nil fn removes the handler.
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

// stallVariable is the environment variable that sets the threshold.
const stallVariable = "ASYNCIO_STALL"

// stallFromEnvironment applies ASYNCIO_STALL. The loop reports an invalid value when it starts.
func stallFromEnvironment(c *engine.Config) {
	text := os.Getenv(stallVariable)
	switch text {
	case "":
		return
	case "off":
		text = "0"
	}
	d, err := time.ParseDuration(text)
	if err == nil && d >= 0 {
		c.StallThreshold = d
		return
	}
	stays := fmt.Sprintf("the threshold stays %v", c.StallThreshold)
	if c.StallThreshold == 0 {
		stays = "the watch stays off"
	}
	c.BadStall = fmt.Sprintf("asyncio: %s=%q: use a duration of at least 0 with its unit, such as 25ms, or off; %s", stallVariable, text, stays)
}
