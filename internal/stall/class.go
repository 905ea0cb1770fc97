// Package stall says why a goroutine does not get on: from its stack, and from what
// the process did meanwhile. It knows nothing of loops and tasks.
//
// [Classify] reads a stack trace, as the runtime prints it, and names the class of
// what blocks, the call, and the user's line. [Weigh] holds that against the
// evidence: a line that was seen computing is not to blame if something else had
// the processors. [Advice] says what to call instead.
package stall

// A Class is a kind of cause.
type Class uint8

const (
	Unknown Class = iota // nothing was seen of it
	CPU
	Sleep
	IO
	Channel
	Lock
	Syscall
	Cgo
	GC
	StarvedGo // the processors of the process were taken by its own goroutines
	StarvedOS // the processors of the machine were taken by other processes
	Suspended // the process, or the machine, was stopped
	ManySteps // a turn of many steps, none of them long
	Spinner   // a task that yields for ever and never waits
	LateTimer // the loop slept, and was woken late
	Classes   // the number of classes
)

func (c Class) String() string {
	if c >= Classes {
		return "unknown"
	}
	return [...]string{"unknown", "cpu", "sleep", "io", "channel", "lock", "syscall", "cgo", "gc",
		"starved-go", "starved-os", "suspended", "many-steps", "spinner", "late-timer"}[c]
}
