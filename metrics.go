package asyncio

import (
	"time"

	"github.com/asyncio-go/asyncio/internal/histogram"
)

// Metrics are the figures of a loop at one moment. The counts begin with Run.
type Metrics struct {
	Name   string        // of the loop, see WithName
	Uptime time.Duration // since Run began; after Run, its duration
	Idle   time.Duration // part of Uptime in which the loop waited for something to do

	Turns uint64 // rounds of the loop; each runs what was ready when it began
	Steps uint64 // steps of tasks, from one await to the next, and callbacks
	Ready int    // tasks and callbacks that can run and wait for the loop

	// Delay is how long something that became ready had to wait until the loop looked for
	// it. It is measured about 200 times a second while the loop is busy, except in virtual
	// time. CurrentDelay is the measurement under way. It grows while the loop is blocked.
	Delay        Histogram
	CurrentDelay time.Duration
	// StepTimes are the durations of steps of tasks. It is empty unless in debug mode.
	StepTimes Histogram

	// Stalls are the ended stalls that the stall watch has seen, by class. Classes without
	// stalls are omitted. CurrentStall is how long the current step has lasted, if that is at
	// least the threshold of the watch; otherwise 0. Loop.Stalls returns the places of stalls.
	Stalls       []StallMetrics
	CurrentStall time.Duration
	// UnloggedStalls is the number of reports of stalls that were not logged: the logger
	// panicked, it blocks, or there were too many reports while it blocked.
	UnloggedStalls uint64

	Timers int // that were set, and have neither fired nor been cancelled
	Tasks  TaskMetrics

	Connections ConnectionMetrics

	// Threads are the ToThread calls that use the loop's own limiter. Executors are the
	// executors whose functions were called on the loop, if they are Measured and not
	// closed.
	Threads   ExecutorMetrics
	Executors []ExecutorMetrics
}

// StallMetrics are the number and the durations of the stalls of one class. The watch counts a
// stall shortly after its end.
type StallMetrics struct {
	Class  StallClass
	Lasted Histogram
}

// TaskMetrics counts tasks: live tasks by their state, ended tasks by their outcome.
type TaskMetrics struct {
	Created                              uint64
	Ready, Running, Waiting              int
	Succeeded, Failed, Cancelled, Panics uint64
}

// ConnectionMetrics counts the connections of package aionet's servers whose handlers have
// ended with an error. Resets, Timeouts and Closed count errors of the connection itself. All
// other errors count as Failed.
type ConnectionMetrics struct {
	Failed   uint64 // any other error, or a panic
	Resets   uint64 // the peer has closed or reset the connection: ECONNRESET, EPIPE
	Timeouts uint64 // a deadline of the connection has passed
	Closed   uint64 // the server has closed the connection: net.ErrClosed

	AcceptErrors uint64 // errors of accepting, such as EMFILE; these are not connections
}

// Busy returns the time for which the loop did not wait.
func (m Metrics) Busy() time.Duration { return m.Uptime - m.Idle }

// Utilization returns the share of time, from 0 to 1, for which the loop did not
// wait since the moment of earlier, or since Run began if earlier is the zero value.
// It returns 0 if no time has passed.
func (m Metrics) Utilization(earlier Metrics) float64 {
	passed := m.Uptime - earlier.Uptime
	if passed <= 0 {
		return 0
	}
	return min(1, max(0, float64(m.Busy()-earlier.Busy())/float64(passed)))
}

// A Histogram counts durations by size. Counts[i] counts durations up to Bounds[i] and above the
// previous bound. The last of Counts counts those above all bounds.
type Histogram struct {
	Bounds []time.Duration
	Counts []uint64
	Sum    time.Duration
}

// Count returns the number of durations.
func (h Histogram) Count() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// stepTimes returns an empty histogram unless the loop is in debug mode.
func (l *Loop) stepTimes() Histogram {
	if l.debugger == nil {
		return Histogram{}
	}
	return histogramOf(l.debugger.StepTimes())
}

func histogramOf(h *histogram.Histogram) Histogram {
	counts, sum := h.Counts()
	bounds := histogram.Bounds
	return Histogram{Bounds: bounds[:], Counts: counts, Sum: sum}
}

// Metrics returns the loop's figures. It can be called from any goroutine. It wakes a loop that
// sleeps. While the loop is blocked, Metrics returns after 10 ms. The counts then include what the
// blocking step has done so far. A loop that is late by 10 ms and not blocked returns the counts of
// some milliseconds ago. Metrics returns zero counts before Run.
func (l *Loop) Metrics() Metrics {
	e := l.made("Loop.Metrics").Metrics()
	m := Metrics{
		Name:   l.e.Config().Name,
		Uptime: e.Uptime, Idle: e.Idle,
		Turns: e.Turns, Steps: e.Steps, Ready: e.Ready, Timers: e.Timers,
		Delay: histogramOf(e.Delay), CurrentDelay: e.Waited,
		StepTimes: l.stepTimes(),
		Threads:   l.threads.metrics("to-thread"), Executors: l.used.metrics(),
		Tasks: TaskMetrics{
			Created: e.Created, Waiting: e.Waiting,
			Succeeded: e.Succeeded, Failed: e.Failed, Cancelled: e.Cancelled, Panics: e.Panicked,
		},
	}
	c := &l.e.Conns
	m.Connections = ConnectionMetrics{c.Failed.Load(), c.Reset.Load(), c.TimedOut.Load(), c.Closed.Load(), c.Accept.Load()}
	for _, s := range l.e.StallCounts() {
		m.Stalls = append(m.Stalls, StallMetrics{StallClass(s.Class), histogramOf(s.Lasted)})
	}
	if s := l.e.Stalled(); s != nil {
		m.CurrentStall = s.Elapsed
	}
	m.UnloggedStalls = l.e.Unlogged()
	if e.Running {
		m.Tasks.Running = 1
	}
	// The counts are copied one by one while the loop runs, so their sum may be off by a few.
	m.Tasks.Ready = max(0, e.Live-e.Waiting-m.Tasks.Running)
	return m
}
