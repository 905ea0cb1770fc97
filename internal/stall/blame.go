package stall

import (
	"fmt"
	"time"
)

// Evidence is what the process did during a stall. Counters that the system does not have are 0.
type Evidence struct {
	Elapsed  time.Duration
	Credited time.Duration // part of Elapsed that the ticks of the monitor account for
	Stopped  time.Duration // part of Elapsed in which the whole process stood still
	Procs    int           // GOMAXPROCS
	Rivals   int           // other goroutines that wanted a processor, the minimum of the samples
	Crowd    float64       // the same, on average
	Most     string        // the line that most of them run, as "main.resize, pool.go:19"; "" if unknown
	Samples  int           // how often the watch looked
	Queued   int           // other threads that wanted a processor when the watch looked
	Alone    bool          // no goroutine except suspended tasks could end a wait
	Slept    bool          // the loop slept: no step ran
	Active   float64       // goroutines that ran or wanted a processor, without the monitor, on average
	Earlier  time.Duration // time before the stall that the counters include, which are upper bounds then; 0: none to speak of

	CPU         time.Duration // of the whole process
	RunDelay    time.Duration // how long threads of the process were queued for a processor
	MostDelay   time.Duration // upper bound of RunDelay, if that does not include the beginning; otherwise 0
	DelayKnown  bool          // the system counts RunDelay
	MajorFaults int64         // pages that were read from disk as the process touched them
	GC          time.Duration // processor time of the collector
	Throttled   time.Duration // how long the CPU quota of the control group stopped the process
	Stolen      time.Duration // how long the hypervisor kept each processor, on average
}

// Spend sets the counters to u.
func (e *Evidence) Spend(u Usage) {
	e.CPU, e.RunDelay, e.DelayKnown, e.MajorFaults = u.CPU, u.RunDelay, u.DelayKnown, u.MajorFaults
	e.GC, e.Throttled, e.Stolen = u.GC, u.Throttled, u.Stolen
}

// usage returns the counters.
func (e Evidence) usage() Usage {
	return Usage{CPU: e.CPU, RunDelay: e.RunDelay, DelayKnown: e.DelayKnown, MajorFaults: e.MajorFaults, GC: e.GC, Throttled: e.Throttled, Stolen: e.Stolen}
}

// Since returns the part of the evidence after an earlier look at the same stall.
func (e Evidence) Since(before Evidence) Evidence {
	e.Elapsed -= before.Elapsed
	e.Credited -= before.Credited
	e.Stopped -= before.Stopped
	e.MostDelay = max(0, e.MostDelay-before.MostDelay)
	known := e.DelayKnown
	e.Spend(e.usage().Since(before.usage()))
	e.DelayKnown = known
	return e
}

// Share returns the processor time that the process got, in processors.
func (e Evidence) Share() float64 {
	if e.Elapsed <= 0 {
		return 0
	}
	return float64(e.CPU) / float64(e.Elapsed)
}

// own returns the most that the task itself can have computed. Under contention it is an equal part
// of the processor time of the process, for each goroutine that wanted a processor.
func (e Evidence) own() time.Duration {
	if e.contended() || e.held() {
		return e.part()
	}
	return min(e.CPU, e.Elapsed)
}

func (e Evidence) part() time.Duration {
	return min(e.Elapsed, time.Duration(float64(e.CPU)/(1+max(e.Crowd, float64(e.Rivals)))))
}

func (e Evidence) contended() bool { return e.Rivals+1 > e.Procs }

// held reports whether threads of the process were queued for a quarter of the time.
func (e Evidence) held() bool { return e.RunDelay > e.Elapsed/4 }

// crowded reports whether goroutines of the program slow each other down more than other processes
// do.
func (e Evidence) crowded() bool {
	procs, share := float64(e.Procs), e.Share()
	return e.contended() && (share > 0.6*procs || float64(e.Rivals+1)*share > procs*procs)
}

// computed reports whether the task can have computed for the threshold, or for most of the
// time. On a system without a reading of processor time, it can.
func (e Evidence) computed(threshold time.Duration) bool {
	own := e.own()
	return own >= threshold || own > e.Elapsed*6/10 || e.CPU == 0 && !e.stood()
}

// Half reports whether a task that computes beside other processes has got half a threshold of
// processor time. It would then be slow without them, too.
func (e Evidence) Half(threshold time.Duration) bool {
	return !e.contended() && e.part() >= threshold/2
}

// stood reports whether the whole process stood still for most of the time.
func (e Evidence) stood() bool { return e.Credited < e.Elapsed/2 && e.Share() < 0.3 }

// stopped reports whether the process stood still though its threads were not queued. One that used
// a tenth of a processor, while its goroutines wanted more, was not stopped.
func (e Evidence) stopped() bool {
	idle := e.DelayKnown && max(e.RunDelay, e.MostDelay) <= e.Elapsed/2 || e.Stopped > e.Elapsed/2
	return e.stood() && idle && (e.Share() < 0.1 || !e.contended())
}

// endless reports whether nothing can end a wait of the class.
func (e Evidence) endless(c Class) bool {
	return e.Alone && (c == Channel || c == Lock) && e.Stopped < e.Elapsed/2
}

// waited reports whether the task did not compute though nothing prevented it: the monitor ran all
// the time, and no thread was queued.
func (e Evidence) waited() bool {
	return e.CPU > 0 && e.Share() < 0.1 && e.Credited > e.Elapsed*3/4 && !e.held() && !e.contended()
}

// queued reports whether threads of the process were queued for most of the time. The loop's
// thread may have been one of them, so a task without a stack is not blamed.
func (e Evidence) queued() bool { return e.RunDelay > e.Elapsed/2 }

// paged reports whether the task waited for pages that it touched. The task did not compute, no
// other goroutine can have touched the pages, and their number explains the time. A disk takes up to
// 10 ms for a page. Beside other processes, ten times as many pages are required.
func (e Evidence) paged() bool {
	lost := e.Elapsed - min(e.CPU, e.Elapsed)
	each := 10 * time.Millisecond
	if e.RunDelay > lost/2 {
		each = time.Millisecond
	}
	return lost > e.Elapsed*3/10 && e.Rivals == 0 && e.Crowd < 0.5 && e.MajorFaults >= max(10, int64(lost/each))
}

// calls reports whether a system call on the stack blocks the task. The stack also shows the call
// while the task waits for a processor in it or after it. A goroutine runs again when each of its
// rivals has used a time slice. Beside other processes, the thread that wants a processor may be the
// task's, for up to four thresholds.
func (e Evidence) calls(threshold time.Duration) bool {
	const slice = 10 * time.Millisecond
	if e.contended() {
		return float64(e.Elapsed)*e.Share() > float64(2*slice)*max(e.Crowd, float64(e.Rivals))
	}
	return !e.held() || e.Queued == 0 || e.part() > e.Elapsed/2 || e.Elapsed >= 4*threshold
}

// others returns the cause for which the task did not get a processor. If the task computes, the
// blame names its place, too.
func (e Evidence) others(f Finding) (Class, string) {
	c, cause := e.cause()
	if f.Class == CPU && c != Suspended {
		return c, fmt.Sprintf("the task computes%s; it got %.0f%% of a processor because %s", f.place(), e.percent(), cause)
	}
	return c, cause
}

// percent returns the most that the task can have got of a processor.
func (e Evidence) percent() float64 {
	if e.Elapsed <= 0 {
		return 0
	}
	return 100 * float64(e.own()) / float64(e.Elapsed)
}

// cause returns the reason why a runnable goroutine did not run.
func (e Evidence) cause() (Class, string) {
	if text := e.outside(); text != "" {
		return StarvedOS, text
	}
	switch {
	case e.stopped():
		return Suspended, fmt.Sprintf("the process stood still: the watch itself saw %s of %s go by", round(e.Credited), round(e.Elapsed))
	case e.collects():
		return GC, e.collector()
	case e.crowded():
		return StarvedGo, e.rivals()
	case e.held():
		return StarvedOS, e.queue()
	case !e.DelayKnown && e.stood():
		return StarvedOS, "the process stood still: " + stoppedOrNot
	}
	return StarvedOS, fmt.Sprintf("other processes have the processors, or the system: the process got %.0f%% of one", 100*e.Share())
}

// stoppedOrNot is the cause of a process that did not run, on a system without the run delay.
const stoppedOrNot = "it was stopped, or other processes had the processors"

// outside returns the quota or the hypervisor, if it stopped the whole process for most of the time
// that the task lost. Otherwise it returns "".
func (e Evidence) outside() string {
	switch lost := e.Elapsed - e.own(); {
	case e.Throttled > lost/2:
		return fmt.Sprintf("the CPU quota of the control group held the process for %s", round(e.Throttled))
	case e.Stolen > lost/2:
		return fmt.Sprintf("the hypervisor kept the processors of this machine for %s", round(e.Stolen))
	}
	return ""
}

// collects reports whether the collector used most of the processor time. A cycle is counted when it
// ends. More than the process got therefore belongs to the time before.
func (e Evidence) collects() bool { return e.GC > e.CPU/2 && e.GC <= e.CPU && e.GC > e.Elapsed/4 }

func (e Evidence) collector() string {
	return fmt.Sprintf("the garbage collector used %s of processor time", round(e.GC))
}

func (e Evidence) queue() string {
	return fmt.Sprintf("other processes have the processors: threads of this one were queued for %s", round(e.RunDelay))
}

// rivals returns the blame for the program's other goroutines.
func (e Evidence) rivals() string {
	text := fmt.Sprintf("%s of this program want %s", count(e.Rivals, "other goroutine"), count(e.Procs, "processor"))
	if e.Most != "" {
		text += "; most CPU: " + e.Most
	}
	return text
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// place returns where the goroutine computes, as " at main.go:12".
func (f Finding) place() string {
	switch {
	case f.File == "":
		return ""
	case f.Call != "":
		return " in " + f.Call + " at " + f.short()
	}
	return " at " + f.short()
}

// WeighWake returns the cause for which a loop that slept woke late. Elapsed is the delay, and
// Rivals is the number of goroutines that wanted a processor when it woke.
func WeighWake(e Evidence) (Class, string) {
	late := fmt.Sprintf("the loop woke %s late: ", round(e.Elapsed))
	idle := e.Share() < 0.1
	exact := e.Earlier == 0
	unclear := !exact && max(e.RunDelay, e.Throttled, e.Stolen) > e.Elapsed/4 // a bound that is too high proves nothing
	text := e.outside()
	switch {
	case exact && text != "":
		return StarvedOS, late + text
	case exact && e.collects():
		return GC, late + e.collector()
	case e.Rivals >= e.Procs && (e.crowded() || !idle && (unclear || !e.held())):
		return StarvedGo, late + e.rivals()
	case unclear:
		return LateTimer, late + e.unmeasured()
	case idle && e.DelayKnown && e.RunDelay <= e.Elapsed/2:
		return Suspended, late + fmt.Sprintf("the process stood still, and used %s of processor time", round(e.CPU))
	case e.held():
		return StarvedOS, late + e.queue()
	case idle && !e.DelayKnown:
		return LateTimer, late + fmt.Sprintf("the process used %s of processor time: %s", round(e.CPU), stoppedOrNot)
	case !exact:
		return LateTimer, late + e.unmeasured()
	}
	return LateTimer, late + fmt.Sprintf("the process used %.0f%% of a processor, and the cause was not seen", 100*e.Share())
}

// unmeasured is the blame for a late wake if the counters were last read long before. It lists the
// possible causes.
func (e Evidence) unmeasured() string {
	var parts []string
	if e.DelayKnown {
		parts = append(parts, fmt.Sprintf("its threads were queued for %s", round(e.RunDelay)))
	}
	if e.Throttled > 0 {
		parts = append(parts, fmt.Sprintf("the CPU quota of the control group held it for %s", round(e.Throttled)))
	}
	if e.Stolen > 0 {
		parts = append(parts, fmt.Sprintf("the hypervisor kept each processor for %s", round(e.Stolen)))
	}
	text := fmt.Sprintf("the cause was not measured: in the %s since the counters were read before, the process used %s of processor time", round(e.Earlier+e.Elapsed), round(e.CPU))
	for i, part := range parts {
		if i == len(parts)-1 {
			part = "and " + part
		}
		text += ", " + part
	}
	return text
}

// WeighGap returns the cause of a gap between two ticks of the monitor. It reports false if the
// process computed or was queued during the gap.
func WeighGap(e Evidence) (c Class, cause string, ok bool) {
	if e.Share() > 0.1 || e.RunDelay > e.Elapsed/2 {
		return Unknown, "", false
	}
	if text := e.outside(); text != "" {
		return StarvedOS, text, true
	}
	blame := fmt.Sprintf("the process stood still for %s, and used %s of processor time", round(e.Elapsed), round(e.CPU))
	if !e.DelayKnown {
		return StarvedOS, blame + ": " + stoppedOrNot, true
	}
	return Suspended, blame, true
}

// Weigh returns the class of a stall and its blame, a line that describes the cause.
func Weigh(f Finding, e Evidence, threshold time.Duration) (Class, string) {
	c, blame := weigh(f, e, threshold)
	if c.waits() && c == f.Class && c != Syscall && e.queued() && !e.endless(c) && e.Elapsed < 4*threshold {
		blame += fmt.Sprintf("; threads of the process were queued for %s: the wait may have ended before", round(e.RunDelay))
	}
	if c != Suspended && e.Stopped > threshold/2 {
		blame += fmt.Sprintf("; the process stood still for %s of the time", round(e.Stopped))
	}
	return c, blame
}

func weigh(f Finding, e Evidence, threshold time.Duration) (Class, string) {
	c := f.Class
	if c.waits() && !e.endless(c) && e.stood() && e.Credited < threshold { // otherwise the watch saw it wait for a threshold, or nothing can end the wait
		if other, cause := e.cause(); other != StarvedOS || e.outside() != "" || c == Syscall { // other processes do not explain a wait
			return other, cause
		}
	}
	share := e.Share()
	switch c {
	case CPU, Unknown:
		if c == Unknown && e.waited() {
			return c, fmt.Sprintf("its stack was not seen, and it waited: the process used %.0f%% of a processor", 100*share)
		}
		if c == CPU && e.paged() {
			return IO, fmt.Sprintf("page faults: %d pages were read from disk as the task touched them", e.MajorFaults)
		}
		switch computed := e.computed(threshold); {
		case c == CPU && !computed && e.Half(threshold):
			return c, fmt.Sprintf("the task computes; it got %.0f%% of a processor because other processes have them", e.percent())
		case !computed, c == Unknown && e.queued():
			return e.others(f)
		}
		if c == Unknown {
			return c, "no stack was captured before its end"
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
			return c, "the task waits for a channel, and the loop with it; the wait never ends if only a task of this loop serves the channel"
		}
		if e.Elapsed >= 8*threshold && share < 0.5 && e.Active < 0.5 { // no goroutine runs that may end the wait
			return c, "probable deadlock: if a parked task of this loop holds the lock or has to end the wait, neither task can continue"
		}
		return c, "the task waits for a lock or another goroutine, and the loop with it; the wait never ends if only a task of this loop can end it"
	case Syscall:
		if !e.calls(threshold) {
			c, cause := e.cause()
			return c, "the task made a system call, and did not get a processor to continue: " + cause
		}
		return c, "the task is in a system call, and the loop with it"
	case Cgo:
		if share > 0.7 {
			return c, "the task is in a C function that computes"
		}
		return c, "the task is in a C function that waits"
	case GC:
		return c, "the task works for the garbage collector, or waits for it"
	}
	return c, ""
}

// waits reports whether a goroutine of the class waits in a call that it made. A process that stood
// still does not explain such a wait.
func (c Class) waits() bool {
	switch c {
	case Sleep, IO, Channel, Lock, Syscall, Cgo:
		return true
	}
	return false
}

// WeighTurn returns the class and the blame of a turn of many short steps. part is the share of
// them that has run.
func WeighTurn(e Evidence, threshold time.Duration, part float64) (Class, string) {
	long := !e.stopped() && float64(e.own()) >= 2*float64(threshold)*part // the turn would be slow without others, too
	if !long && (e.queued() || !e.computed(threshold) && (e.stood() || e.contended() || e.held())) {
		c, cause := e.cause()
		return c, "a turn of many steps was held up: " + cause
	}
	return ManySteps, "a turn of many steps: each was short"
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
