package stall

import (
	"fmt"
	"time"
)

// Evidence is what the process did during a stall. What the system does not tell is 0.
type Evidence struct {
	Elapsed  time.Duration
	Credited time.Duration // of Elapsed, what the watch saw pass itself
	Stopped  time.Duration // of Elapsed, how long the whole process stood still at a stretch
	Procs    int           // GOMAXPROCS
	Rivals   int           // other goroutines that wanted a processor, the least that was seen
	Crowd    float64       // the same, on average
	Most     string        // the line that most of them run, as "main.resize, pool.go:19"; "" if unknown
	Samples  int           // how often the watch looked
	Queued   int           // other threads that wanted a processor as the watch looked
	Alone    bool          // no other goroutine was there that could end a wait, but suspended tasks
	Slept    bool          // the loop slept: no step ran

	CPU         time.Duration // of the whole process
	RunDelay    time.Duration // how long its threads were queued for a processor
	MajorFaults int64         // pages that were read from disk as the process touched them
	GC          time.Duration // processor time of the collector
	Throttled   time.Duration // how long the CPU quota of its control group held it
	Stolen      time.Duration // how long the hypervisor kept each processor, on average
}

// Spend adds what was counted meanwhile.
func (e *Evidence) Spend(u Usage) {
	e.CPU, e.RunDelay, e.MajorFaults = u.CPU, u.RunDelay, u.MajorFaults
	e.GC, e.Throttled, e.Stolen = u.GC, u.Throttled, u.Stolen
}

// usage is what Spend added.
func (e Evidence) usage() Usage {
	return Usage{CPU: e.CPU, RunDelay: e.RunDelay, MajorFaults: e.MajorFaults, GC: e.GC, Throttled: e.Throttled, Stolen: e.Stolen}
}

// Since is the part of the evidence after an earlier look at the same stall.
func (e Evidence) Since(before Evidence) Evidence {
	e.Elapsed -= before.Elapsed
	e.Credited -= before.Credited
	e.Stopped -= before.Stopped
	e.Spend(e.usage().Since(before.usage()))
	return e
}

// Share is the processor time that the process got, in processors.
func (e Evidence) Share() float64 {
	if e.Elapsed <= 0 {
		return 0
	}
	return float64(e.CPU) / float64(e.Elapsed)
}

// own is how much the task itself can have computed. If something may have kept it from
// that, it is an equal part of what the process did, for each goroutine that wanted a
// processor.
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

// held reports whether threads of the process were queued for a good part of the time.
func (e Evidence) held() bool { return e.RunDelay > e.Elapsed/4 }

// crowded reports whether the goroutines of the program slow each other down, and by more
// than other processes do.
func (e Evidence) crowded() bool {
	procs, share := float64(e.Procs), e.Share()
	return e.contended() && (share > 0.6*procs || float64(e.Rivals+1)*share > procs*procs)
}

// computed reports whether the task can have computed for long, or for most of the
// time. Where the system does not tell what the process used, it can.
func (e Evidence) computed(threshold time.Duration) bool {
	own := e.own()
	return own >= threshold || own > e.Elapsed*6/10 || e.CPU == 0 && !e.stood()
}

// half reports whether a task that was seen computing beside other processes has done so
// for half a threshold: it would be slow without them, too.
func (e Evidence) half(threshold time.Duration) bool {
	return !e.contended() && e.part() >= threshold/2
}

// stood reports whether the whole process stood still for most of the time.
func (e Evidence) stood() bool { return e.Credited < e.Elapsed/2 && e.Share() < 0.3 }

// stopped reports whether it stood still though no thread of it was queued.
func (e Evidence) stopped() bool { return e.stood() && e.RunDelay <= e.Elapsed/2 }

// waited reports whether nothing kept the task from computing, and it did not: the watch
// beside it got on all the time, and no thread was queued.
func (e Evidence) waited() bool {
	return e.CPU > 0 && e.Share() < 0.1 && e.Credited > e.Elapsed*3/4 && !e.held() && !e.contended()
}

// queued reports whether threads of the process were queued for most of the time. The
// loop's may have been one of them: where nothing was seen of what the task did, that is
// not held against it.
func (e Evidence) queued() bool { return e.RunDelay > e.Elapsed/2 }

// paged reports whether the task waited for pages that it touched: it did not compute, no
// other goroutine can have touched them, and they explain the time. A page takes up to 10 ms
// of a disk. Beside other processes only more of them are proof.
func (e Evidence) paged() bool {
	lost := e.Elapsed - min(e.CPU, e.Elapsed)
	each := 10 * time.Millisecond
	if e.RunDelay > lost/2 {
		each = time.Millisecond
	}
	return lost > e.Elapsed*3/10 && e.Rivals == 0 && e.Crowd < 0.5 && e.MajorFaults >= max(10, int64(lost/each))
}

// calls reports whether a task that was seen in a system call has not just waited for a
// processor after or in it, as the stack shows the call then, too. A goroutine gets its turn
// when each of its rivals has computed for a time slice. Beside other processes a thread that
// wants a processor may be the task's, for some thresholds.
func (e Evidence) calls(threshold time.Duration) bool {
	const slice = 10 * time.Millisecond
	if e.contended() {
		return float64(e.Elapsed)*e.Share() > float64(2*slice)*max(e.Crowd, float64(e.Rivals))
	}
	return !e.held() || e.Queued == 0 || e.part() > e.Elapsed/2 || e.Elapsed >= 4*threshold
}

// others names what has the processors that the task did not get. A task that was seen
// computing is named as well.
func (e Evidence) others(f Finding) (Class, string) {
	c, cause := e.cause()
	if f.Class == CPU && c != Suspended {
		return c, fmt.Sprintf("the task computes%s; it got %.0f%% of a processor because %s", f.place(), e.percent(), cause)
	}
	return c, cause
}

// percent is how much of a processor the task got at most.
func (e Evidence) percent() float64 {
	if e.Elapsed <= 0 {
		return 0
	}
	return 100 * float64(e.own()) / float64(e.Elapsed)
}

// cause is why a goroutine that could run did not.
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
	}
	return StarvedOS, fmt.Sprintf("other processes have the processors, or the system: the process got %.0f%% of one", 100*e.Share())
}

// outside is what held the whole process for most of the time that the task lost, empty if
// nothing did.
func (e Evidence) outside() string {
	switch lost := e.Elapsed - e.own(); {
	case e.Throttled > lost/2:
		return fmt.Sprintf("the CPU quota of the control group held the process for %s", round(e.Throttled))
	case e.Stolen > lost/2:
		return fmt.Sprintf("the hypervisor kept the processors of this machine for %s", round(e.Stolen))
	}
	return ""
}

// collects reports whether the collector took most of what the process got. A cycle is
// counted when it ends, so that more than the process got is of before.
func (e Evidence) collects() bool { return e.GC > e.CPU/2 && e.GC <= e.CPU && e.GC > e.Elapsed/4 }

func (e Evidence) collector() string {
	return fmt.Sprintf("the garbage collector used %s of processor time", round(e.GC))
}

func (e Evidence) queue() string {
	return fmt.Sprintf("other processes have the processors: threads of this one were queued for %s", round(e.RunDelay))
}

// rivals is the blame of the program's other goroutines.
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

// place is where the finding's goroutine computes, as " at main.go:12".
func (f Finding) place() string {
	switch {
	case f.File == "":
		return ""
	case f.Call != "":
		return " in " + f.Call + " at " + f.short()
	}
	return " at " + f.short()
}

// WeighWake names the cause for a loop that slept and woke late. Elapsed is how late, and
// Rivals are the goroutines that wanted a processor as it woke.
func WeighWake(e Evidence) (Class, string) {
	late := fmt.Sprintf("the loop woke %s late: ", round(e.Elapsed))
	idle := e.Share() < 0.1
	switch text := e.outside(); {
	case text != "":
		return StarvedOS, late + text
	case e.collects():
		return GC, late + e.collector()
	case e.Rivals >= e.Procs && (e.crowded() || !e.held() && !idle):
		return StarvedGo, late + e.rivals()
	case idle && e.RunDelay <= e.Elapsed/2:
		return Suspended, late + fmt.Sprintf("the process stood still, and used %s of processor time", round(e.CPU))
	case e.held():
		return StarvedOS, late + e.queue()
	}
	return LateTimer, late + fmt.Sprintf("the process used %.0f%% of a processor, and nothing was seen of what kept it", 100*e.Share())
}

// WeighGap names the cause for a watch that saw nothing of a time in which it should have
// looked often. It reports false if the process worked meanwhile.
func WeighGap(e Evidence) (c Class, cause string, ok bool) {
	if e.Share() > 0.1 || e.RunDelay > e.Elapsed/2 {
		return Unknown, "", false
	}
	if text := e.outside(); text != "" {
		return StarvedOS, text, true
	}
	return Suspended, fmt.Sprintf("the process stood still for %s, and used %s of processor time", round(e.Elapsed), round(e.CPU)), true
}

// Weigh names the cause of a stall, given what its stack shows and how long a stall is, and
// describes it in a line.
func Weigh(f Finding, e Evidence, threshold time.Duration) (Class, string) {
	c, blame := weigh(f, e, threshold)
	if c != Suspended && e.Stopped > threshold/2 {
		blame += fmt.Sprintf("; the process stood still for %s of the time", round(e.Stopped))
	}
	return c, blame
}

func weigh(f Finding, e Evidence, threshold time.Duration) (Class, string) {
	c := f.Class
	if c.waits() && !e.Alone && e.stood() && e.Credited < threshold { // otherwise it has waited for a threshold before the watch's eyes, or nothing can end the wait
		return e.others(f)
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
		case c == CPU && !computed && e.half(threshold):
			return c, fmt.Sprintf("the task computes; it got %.0f%% of a processor because other processes have them", e.percent())
		case !computed, c == Unknown && e.queued():
			return e.others(f)
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
		if !e.calls(threshold) {
			c, cause := e.cause()
			return c, "the task made a system call, and did not get a processor to go on: " + cause
		}
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

// WeighTurn names the cause for a turn of many steps, none of which lasted long, and of
// which so large a part has run.
func WeighTurn(e Evidence, threshold time.Duration, part float64) (Class, string) {
	long := !e.stopped() && float64(e.own()) >= 2*float64(threshold)*part // the turn would be slow without others, too
	if !long && (e.queued() || !e.computed(threshold) && (e.stood() || e.contended() || e.held())) {
		c, cause := e.cause()
		return c, "a turn of many steps was held up: " + cause
	}
	return ManySteps, "a turn of many steps: each was short"
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
