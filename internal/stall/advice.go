package stall

import "strings"

// Advice returns a line that names what to call instead. A callback must not suspend, and so cannot
// follow advice to await something.
func Advice(class Class, f Finding, callback bool) string {
	advice := adviceFor(class, f)
	if callback && class == ManySteps {
		return "make the calls in batches, in a task that calls asyncio.Sleep(ctx, 0) between them"
	}
	if callback && (class.ofStep() || class == GC && f.Call != "") {
		return "start a task in the callback, asyncio.Go(ctx, ...), with the ctx of asyncio.Detach(ctx) if the scope of ctx may have ended, and there " + advice
	}
	return advice
}

// ofStep reports whether the class describes what one step does.
func (c Class) ofStep() bool { return c == CPU || c.waits() }

// The ways to move a call off the loop.
const (
	offThread  = "run that call in asyncio.ToThread(ctx, ...)"
	offProcess = "asyncio.ToThread(ctx, ...), or Func.Call with a procpool.Pool"
)

func adviceFor(class Class, f Finding) string {
	if class.ofStep() && f.Once != "" {
		return "run the whole call of " + f.Once + " in asyncio.ToThread(ctx, ...), or make it before the loop starts: an await within lets another task block the loop"
	}
	if class.waits() && f.Inside != "" && !bounds(f.Call) { // the program has no access to a dependency's channels, locks and connections
		return offThread
	}
	switch class {
	case CPU:
		if f.Call != "" && !strings.HasPrefix(f.Call, "time.") { // a clock is read in a loop
			return "run that call, or the loop around it, in " + offProcess
		}
		return "in a loop call asyncio.Checkpoint(ctx); or run the computation in " + offProcess
	case Sleep:
		if f.Call != "" && f.Call != "time.Sleep" {
			return "call asyncio.Sleep(ctx, d) instead of time.Sleep, or " + offThread
		}
		return "call asyncio.Sleep(ctx, d) instead of time.Sleep"
	case IO:
		if f.Class == CPU {
			return "touch the mapped pages in asyncio.ToThread(ctx, ...), or read the file there"
		}
		if strings.HasPrefix(f.Call, "net/http") {
			return "send the request with aiohttp.Do or aiohttp.Get of aionet/aiohttp, or " + offThread
		}
		return "use a connection of aionet (aionet.Dial, aionet.Listen), or " + offThread
	case Channel:
		switch {
		case bounds(f.Call):
			return "bound tasks with asyncio.NewSemaphore, or " + offThread
		case f.Call != "" && !strings.HasPrefix(f.Call, "reflect."): // the program has no access to the channel
			return offThread
		}
		return channelAdvice(f.Op)
	case Lock:
		return lockAdvice(f.Call)
	case Syscall:
		if strings.HasPrefix(f.Call, "os/exec.") {
			return "run the command with aioexec, or " + offThread
		}
		return offThread
	case Cgo:
		return "run that call in " + offProcess + ", where it can be killed"
	case GC:
		if f.Call != "" {
			return offThread + ", allocate less, or give the collector room with GOGC or GOMEMLIMIT"
		}
		return "allocate less, or give the collector room with GOGC or GOMEMLIMIT"
	case StarvedGo:
		return "bound them (asyncio.NewLimiter with asyncio.Via, or asyncio.NewThreadPool), move them to nice processes (Func.Call with a procpool.Pool), or raise GOMAXPROCS"
	case StarvedOS:
		return "give the process more processor, or the other processes less (nice, CPU quota)"
	case Suspended:
		return "nothing in the program: the process or the machine was stopped"
	case ManySteps:
		return "let fewer tasks be ready at once: bound them with asyncio.NewSemaphore or a Queue with a maximum, or move what they compute off the loop: asyncio.ToThread(ctx, ...)"
	case Spinner:
		return "wait for what the task waits for (asyncio.Event, Condition, Queue, Sleep with a duration) instead of asking again and again"
	case LateTimer:
		return "look at what else runs on the machine, and for goroutines that compute for a moment (a CPU profile)"
	}
	return "set ASYNCIO_STALL below the duration of the stall to capture its stack"
}

// bounds reports whether the call waits until fewer goroutines run, as a semaphore does.
func bounds(call string) bool {
	return strings.Contains(call, "sync/semaphore.") || strings.Contains(call, "sync/errgroup.")
}

func channelAdvice(op Op) string {
	switch op {
	case Receive:
		return "await the channel with asyncio.Recv(ctx, ch), or use an asyncio.Queue between tasks; for time.After call asyncio.Sleep(ctx, d)"
	case Send:
		return "await the channel with asyncio.Send(ctx, ch, v), or use an asyncio.Queue between tasks"
	case Select:
		return "await the channel with asyncio.Recv(ctx, ch) or asyncio.Send(ctx, ch, v), with the ctx of asyncio.WithTimeout(ctx, d) in place of time.After; " +
			"for several channels start a task for each, or run the select in asyncio.ToThread(ctx, ...)"
	}
	return "await the channel with asyncio.Recv(ctx, ch) or asyncio.Send(ctx, ch, v), or use an asyncio.Queue between tasks; for time.After call asyncio.Sleep(ctx, d)"
}

func lockAdvice(call string) string {
	switch {
	case strings.Contains(call, "WaitGroup"), strings.Contains(call, "sync/errgroup."):
		return "await tasks with asyncio.WithTaskGroup or asyncio.Gather, or " + offThread
	case strings.Contains(call, "sync.(*Cond)"):
		return "use an asyncio.Condition, or " + offThread
	case strings.HasPrefix(call, "sync.(*Once)"), strings.HasPrefix(call, "sync.Once"):
		return offThread + ", or make it before the loop starts"
	}
	return "use an asyncio.Lock if it is held across an await; otherwise shorten what it guards, or " + offThread
}
