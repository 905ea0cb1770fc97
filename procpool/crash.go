package procpool

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// crash is the error of the job that ran.
func (e ending) crash(j *job, o Options) *WorkerCrash {
	if j.begun { // what was printed before it began is not its own
		e.tail = e.own
	}
	c := &WorkerCrash{Func: j.call.Func(), Call: j.call.ID(), Pid: e.pid, ExitCode: -1, StderrTail: e.tail}
	if e.state != nil {
		c.ExitCode, c.MaxRSS = e.state.ExitCode(), maxRSS(e.state)
		c.Signal = signalOf(e.state)
	}
	c.Reason, c.Stack = e.reason(o.MemoryLimit)
	c.OutOfMemory = strings.Contains(c.Reason, outOfMemory)
	if len(c.Reason) > longestReason {
		c.Reason = strings.ToValidUTF8(c.Reason[:longestReason], "") + " [...]"
	}
	if !j.begun {
		c.Reason = fmt.Sprintf("%d workers in a row died before they had begun it: %s", mostTries, c.Reason)
	}
	return c
}

// longestReason bounds Reason, which may have the value of a panic. Stack has more of the value.
const longestReason = 4 << 10

// reason tells what happened by what the runtime printed, the signal, or the exit
// code, in this order, and returns the trace that was printed. With GOTRACEBACK=crash the
// runtime aborts when it has printed.
func (e ending) reason(memoryLimit int64) (reason, stack string) {
	switch {
	case e.replaced:
		return "a signal had stopped it, and the pool killed it just after it had begun the call", ""
	case e.shut || lastLine(e.tail, channelLost) != "":
		return "it closed its channel to the pool", ""
	case !isEnd(e.why):
		return "it wrote garbage to its channel: " + e.why.Error(), ""
	}
	printed := e.tail
	if e.trace != "" {
		printed = e.trace + "\n[...]\n" + e.tail
	}
	fatal, stack := fatalOf(printed)
	if e.state != nil && fatal != "" && (e.state.ExitCode() == 2 || e.state.ExitCode() == exitRace || signalOf(e.state) == syscall.SIGABRT) {
		return explain(fatal, stack, memoryLimit), stack
	}
	switch s := signalOf(e.state); {
	case s == syscall.SIGKILL:
		return "killed from outside (signal 9), as the system does when memory runs out", ""
	case s != 0:
		return fmt.Sprintf("killed by signal %d (%v)", int(s), s), stack
	}
	if e.state == nil {
		return "its end could not be observed", ""
	}
	return fmt.Sprintf("it exited with code %d", e.state.ExitCode()), ""
}

// exitRace is the exit code of the race detector's own end.
const exitRace = 66

// fatalOf finds the last message of the Go runtime that ends a program, and the
// trace from there on.
func fatalOf(tail string) (message, stack string) {
	at := 0
	for line := range strings.Lines(tail) {
		for _, begin := range []string{"panic: ", fatalError, noThread, "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGQUIT", badAddress} {
			better := message == "" || begin == fatalError && !strings.HasPrefix(message, badAddress)
			if strings.HasPrefix(line, begin) && better {
				message, stack = strings.TrimSpace(line), tail[at:]
			}
		}
		if strings.Contains(line, "ERROR: ThreadSanitizer") && strings.Contains(line, tooLittle) { // the race detector's memory counts too
			message, stack = strings.TrimSpace(line), tail[at:]
		}
		at += len(line)
	}
	return message, stack
}

const (
	fatalError = "fatal error: "
	badAddress = "unexpected fault address"
	noThread   = "runtime/cgo: pthread_create failed" // its stack counts as memory
	tooLittle  = "failed to allocate"

	outOfMemory = "out of memory"

	panicOfFunction = "panic in a goroutine that the function started: "
)

// explain puts the runtime's message into words.
func explain(message, stack string, memoryLimit int64) string {
	is := func(what string) bool { return strings.Contains(message, what) }
	switch {
	case is("out of memory") || is("cannot allocate memory") || is(tooLittle) || memoryLimit > 0 && (is(noThread) || isStarved(stack)):
		if memoryLimit > 0 {
			return fmt.Sprintf(outOfMemory+" (Options.MemoryLimit is %d MiB)", memoryLimit>>20)
		}
		return outOfMemory
	case is("stack overflow"):
		return "stack overflow"
	case strings.HasPrefix(message, "panic: "):
		return panicOfFunction + strings.TrimPrefix(message, "panic: ")
	case strings.HasPrefix(message, "SIGSEGV") || is(badAddress):
		return "segmentation violation: " + message
	}
	return strings.TrimPrefix(message, fatalError)
}

// isStarved reports whether the Go runtime itself used a nil pointer. Its collector
// does not always notice that it was given no memory. That it would for another
// reason, with a limit set, is most unlikely; that C code does tells nothing.
func isStarved(stack string) bool {
	fault := nilFault.FindStringSubmatch(stack)
	if fault == nil || strings.Contains(stack, inCgo) {
		return false
	}
	address, err := strconv.ParseUint(fault[1], 16, 64)
	return err == nil && address < nilPage && (strings.Contains(stack, inRuntime) || runtimeFrame.MatchString(fault[2]))
}

// nilFault finds a fault that the processor raised, where, and the first frame of the
// first goroutine after it.
var (
	nilFault     = regexp.MustCompile(`(?s)code=(?:0x)?1 addr=0x([0-9a-f]+).*?\ngoroutine [^\n]*\n([^\n]*)`)
	runtimeFrame = regexp.MustCompile(`^runtime\.[\w.(*)]+\(`)
)

const (
	nilPage   = 64 << 10 // nothing is ever mapped there
	inCgo     = "signal arrived during cgo execution"
	inRuntime = fatalError + "unexpected signal during runtime execution"
)
