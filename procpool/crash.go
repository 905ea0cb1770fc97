package procpool

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// crash returns the error of the job.
func (e processExit) crash(j *job, o Options) *WorkerCrash {
	if j.begun { // earlier output is of other calls
		e.tail = e.callTail
	}
	c := &WorkerCrash{Func: j.call.Func(), Call: j.call.ID(), Pid: e.pid, ExitCode: -1, StderrTail: e.tail}
	if e.state != nil {
		c.ExitCode, c.MaxRSS = e.state.ExitCode(), maxRSS(e.state)
		c.Signal = signalOf(e.state)
	}
	c.Reason, c.Stack = e.reason(o.MemoryLimit)
	c.OutOfMemory = strings.Contains(c.Reason, outOfMemory)
	if len(c.Reason) > maxReason {
		c.Reason = strings.ToValidUTF8(c.Reason[:maxReason], "") + " [...]"
	}
	if !j.begun {
		c.Reason = fmt.Sprintf("%d workers in a row died before they began the call: %s", maxTries, c.Reason)
	}
	return c
}

// maxReason bounds Reason, which may contain the value of a panic. Stack contains more of the value.
const maxReason = 4 << 10

// reason returns why the process ended, from the first of these that is known: the message
// of the Go runtime, the signal, the exit code. stack is the trace that the runtime printed.
// With GOTRACEBACK=crash the runtime ends the process with SIGABRT after the trace.
func (e processExit) reason(memoryLimit int64) (reason, stack string) {
	switch {
	case e.replaced:
		return "killed by the pool because a signal had stopped the worker; the call began before the kill", ""
	case e.channelClosed || lastLine(e.tail, channelLost) != "":
		return "the worker closed its channel to the pool", ""
	case !isEnd(e.readErr):
		return "invalid data on the worker's channel: " + e.readErr.Error(), ""
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
		return "killed by signal 9 (killed); the system sends it when memory runs out", ""
	case s != 0:
		return fmt.Sprintf("killed by signal %d (%v)", int(s), s), stack
	}
	if e.state == nil {
		return "the exit status is not known", ""
	}
	return fmt.Sprintf("exit code %d", e.state.ExitCode()), ""
}

// exitRace is the exit code of a program that the race detector ends.
const exitRace = 66

// fatalOf returns the first line of the Go runtime's fatal message in tail, and the text
// from that line on. A later message replaces an earlier one only if it begins with
// fatalError. It returns empty strings if there is none.
func fatalOf(tail string) (message, stack string) {
	at := 0
	for line := range strings.Lines(tail) {
		for _, begin := range []string{"panic: ", fatalError, threadFailed, "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGQUIT", badAddress} {
			better := message == "" || begin == fatalError && !strings.HasPrefix(message, badAddress)
			if strings.HasPrefix(line, begin) && better {
				message, stack = strings.TrimSpace(line), tail[at:]
			}
		}
		if strings.Contains(line, "ERROR: ThreadSanitizer") && strings.Contains(line, allocFailed) { // the race detector's memory counts as data
			message, stack = strings.TrimSpace(line), tail[at:]
		}
		at += len(line)
	}
	return message, stack
}

const (
	fatalError   = "fatal error: "
	badAddress   = "unexpected fault address"
	threadFailed = "runtime/cgo: pthread_create failed" // its stack counts as memory
	allocFailed  = "failed to allocate"

	outOfMemory = "out of memory"

	panicOfFunction = "panic in a goroutine that the function started: "
)

// explain returns a short reason for the runtime's message.
func explain(message, stack string, memoryLimit int64) string {
	is := func(what string) bool { return strings.Contains(message, what) }
	switch {
	case is("out of memory") || is("cannot allocate memory") || is(allocFailed) || memoryLimit > 0 && (is(threadFailed) || isRuntimeNilFault(stack)):
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

// isRuntimeNilFault reports whether the Go runtime used a nil pointer. The garbage collector
// does not always check that it got memory. A nil pointer in C code has other causes.
func isRuntimeNilFault(stack string) bool {
	fault := faultReport.FindStringSubmatch(stack)
	if fault == nil || strings.Contains(stack, inCgo) {
		return false
	}
	address, err := strconv.ParseUint(fault[1], 16, 64)
	return err == nil && address < unmappedLow && (strings.Contains(stack, inRuntime) || runtimeFrame.MatchString(fault[2]))
}

// faultReport matches a fault that the processor raised. Its groups are the address, and the
// first frame of the first goroutine after it.
var (
	faultReport  = regexp.MustCompile(`(?s)code=(?:0x)?1 addr=0x([0-9a-f]+).*?\ngoroutine [^\n]*\n([^\n]*)`)
	runtimeFrame = regexp.MustCompile(`^runtime\.[\w.(*)]+\(`)
)

const (
	unmappedLow = 64 << 10 // no system maps these addresses
	inCgo       = "signal arrived during cgo execution"
	inRuntime   = fatalError + "unexpected signal during runtime execution"
)
