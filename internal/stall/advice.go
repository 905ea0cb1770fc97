package stall

import "strings"

// Advice is one line that names what to call instead of what was found.
func Advice(class Class, f Finding) string {
	switch class {
	case CPU:
		if f.Call != "" && !strings.HasPrefix(f.Call, "time.") { // a clock is asked in a loop
			return "move " + f.Call + " off the loop: asyncio.ToThread(ctx, ...), or Func.Call with a procpool.Pool; in a loop of short calls call asyncio.Checkpoint(ctx)"
		}
		return "in a loop call asyncio.Checkpoint(ctx); or move the computation off the loop: asyncio.ToThread(ctx, ...), or Func.Call with a procpool.Pool"
	case Sleep:
		if f.Call != "" && f.Call != "time.Sleep" {
			return "call asyncio.Sleep(ctx, d) instead of time.Sleep, or move " + f.Call + " off the loop: asyncio.ToThread(ctx, ...)"
		}
		return "call asyncio.Sleep(ctx, d) instead of time.Sleep"
	case IO:
		if strings.HasPrefix(f.Call, "net/http") {
			return "send the request with aiohttp.Do or aiohttp.Get of aionet/aiohttp, or move it off the loop: asyncio.ToThread(ctx, ...)"
		}
		return "use a connection of aionet (aionet.Dial, aionet.Listen), or move " + or(f.Call, "the call") + " off the loop: asyncio.ToThread(ctx, ...)"
	case Channel:
		switch {
		case strings.Contains(f.Call, "sync/semaphore.") || strings.Contains(f.Call, "sync/errgroup."):
			return "bound tasks with an asyncio.Semaphore (asyncio.NewSemaphore), or move " + f.Call + " off the loop: asyncio.ToThread(ctx, ...)"
		case f.Call != "" && !strings.HasPrefix(f.Call, "reflect."): // a channel that the program does not have
			return "move " + f.Call + " off the loop: asyncio.ToThread(ctx, ...)"
		}
		return "await the channel with asyncio.Recv(ctx, ch) or asyncio.Send(ctx, ch, v), or use an asyncio.Queue between tasks; for time.After call asyncio.Sleep(ctx, d)"
	case Lock:
		return lockAdvice(f.Call)
	case Syscall:
		if strings.HasPrefix(f.Call, "os/exec.") {
			return "run the command with aioexec, or move " + f.Call + " off the loop: asyncio.ToThread(ctx, ...)"
		}
		return "move " + or(f.Call, "the system call") + " off the loop: asyncio.ToThread(ctx, ...)"
	case Cgo:
		return "move " + or(f.Call, "the C function") + " off the loop: asyncio.ToThread(ctx, ...), or Func.Call with a procpool.Pool, where it can be killed"
	case GC:
		return "nothing to call instead: allocate less, or give the collector room with GOGC or GOMEMLIMIT"
	case StarvedGo:
		return "bound what computes beside the loop (asyncio.NewThreadPool, asyncio.Via), move it to nice processes (Func.Call with a procpool.Pool), or raise GOMAXPROCS"
	case StarvedOS:
		return "nothing in the program: give it more processor, or the other processes less (nice, CPU quota)"
	case Suspended:
		return "nothing in the program: the process or the machine was stopped"
	case ManySteps:
		return "let fewer tasks be ready at once: bound them with asyncio.NewSemaphore or a Queue with a maximum, or move what they compute off the loop: asyncio.ToThread(ctx, ...)"
	case Spinner:
		return "wait for what the task waits for (asyncio.Event, Condition, Queue, Sleep with a duration) instead of asking again and again"
	case LateTimer:
		return "nothing in the program: the loop slept and was woken late"
	}
	return "nothing was seen of it: with ASYNCIO_STALL at less than it lasted it is looked at earlier"
}

func lockAdvice(call string) string {
	switch {
	case strings.Contains(call, "WaitGroup"), strings.Contains(call, "sync/errgroup."):
		return "await tasks with asyncio.WithTaskGroup or asyncio.Gather, or move the wait off the loop: asyncio.ToThread(ctx, ...)"
	case strings.Contains(call, "sync.(*Cond)"):
		return "use an asyncio.Condition, or move the wait off the loop: asyncio.ToThread(ctx, ...)"
	case strings.Contains(call, "sync.(*Once)"), strings.HasPrefix(call, "sync.Once"):
		return "do it once before the loop starts, or off the loop: asyncio.ToThread(ctx, ...)"
	}
	return "use an asyncio.Lock if it is held across an await; otherwise shorten what it guards, or move it off the loop: asyncio.ToThread(ctx, ...)"
}

func or(name, other string) string {
	if name == "" {
		return other
	}
	return name
}
