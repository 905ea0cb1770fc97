// Package stall finds out why a goroutine does not proceed, from its stack and from counters of
// the process. It depends on no other package of the library.
//
// [Classify] reads a stack trace, as the runtime prints it, and returns the class of the stall, the
// call, and the program's line. [Weigh] compares that with the evidence: a line that computes is not
// to blame if something else had the processors. [Advice] names what to call instead.
package stall

// A Class is a kind of cause.
type Class uint8

const (
	Unknown Class = iota // no stack was captured
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
	ManySteps // a turn of many short steps
	Spinner   // a task that yields without end and never waits
	LateTimer // the loop slept and woke late, and the cause was not seen
	Classes   // the number of classes
)

func (c Class) String() string {
	if c >= Classes {
		return "unknown"
	}
	return [...]string{"unknown", "cpu", "sleep", "io", "channel", "lock", "syscall", "cgo", "gc",
		"starved-go", "starved-os", "suspended", "many-steps", "spinner", "late-timer"}[c]
}
