// Package asyncio brings the model of Python's asyncio to Go: one event loop
// runs many coroutines, one at a time, and code between two awaits needs no
// lock.
//
// # Five terms
//
// A coroutine is work that can be suspended at an await: here an ordinary
// function f(ctx, arg) (T, error). Calling it awaits it. As a value, to be
// handed to CreateTask, Gather or WaitFor, it is a [Coroutine]; it does nothing
// until it is awaited or made a task.
//
// To await is to suspend until a result is there. While a coroutine is suspended
// the loop runs others. It is suspended nowhere else. What can suspend takes a ctx
// and says so: [Sleep], [Checkpoint], every method named Await, Wait, Acquire, Get,
// Put or Join, [Group.Close], [Gather] and its relatives, [WithTaskGroup], [ToThread], [Recv] and
// [Send].
//
// An awaitable is what can be awaited: a Coroutine, a [Task], a [Future], or a
// type of your own with an Await method.
//
// A task is a coroutine that the loop runs by itself, beside the one that created
// it. It is scheduled at once and takes its first step in a later turn.
//
// The event loop is the scheduler. [Run] makes one, runs a first task on it, and
// returns when all is done. Its turns are those of asyncio: a turn runs what was
// ready when it began, first in, first out.
//
//	func greet(ctx context.Context, name string) (string, error) {
//		if err := asyncio.Sleep(ctx, time.Second); err != nil {
//			return "", err
//		}
//		return "hello " + name, nil
//	}
//
//	func main() {
//		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
//			all, err := asyncio.Gather(ctx, asyncio.Coro(greet, "Ada"), asyncio.Coro(greet, "Alan"))
//			fmt.Println(all, err) // after one second, not two
//			return nil
//		})
//		if err != nil {
//			log.Fatal(err)
//		}
//	}
//
// # The ctx
//
// The ctx that a coroutine gets carries the loop, the owner of the tasks created
// with it, and the cancellation. Pass it on, to library code too: std contexts
// can be derived from it and it can be derived from them. The calling goroutine
// determines which task a call suspends. A call from a goroutine that does
// not run the loop's current step returns [ErrWrongTask], or [ErrWrongLoop] if it runs
// a step of another loop. With a ctx that has no loop
// it returns [ErrNoLoop], but for [Sleep] and Await, which block the goroutine there.
// What needs the loop and returns no error, such as [CreateTask], panics in both cases.
// Use [ToThread] to call what blocks, and [Loop.CallSoonThreadsafe], [Submit] or a
// future's SetResult to come back from other goroutines.
//
// # Ownership
//
// Each task belongs to a scope that outlives it: the innermost [WithTaskGroup],
// [OpenGroup] or connection's handler of its ctx, or Run. [Detach] makes a ctx whose
// scope is Run, for a task that outlives its handler. A group waits for its tasks,
// cancels them when one fails, and returns every error. What belongs to Run is
// cancelled and awaited when main returns. No error is lost: one that no caller has
// received is reported, and Run returns it.
//
// # Cancellation
//
// Cancellation is a state, not an event: once a ctx is cancelled, every await
// with it returns its error, at once, for ever. Clean-up that has to await uses
// context.WithoutCancel. Cancelling a task cancels those created with its ctx;
// being cancelled while awaiting a task does not cancel that task. What was handed
// over before a cancellation arrived (a result, a permit) is not lost: it is
// returned, and the cancellation is seen at the next await.
//
// # Blocking
//
// A coroutine that computes for long, or calls what blocks, stops everything on
// its loop. Give up turns with [Checkpoint] or Sleep(ctx, 0), or move the work
// away with [ToThread] or a worker process of package procpool. A watch tells while it
// lasts which line blocks the loop, and what to call instead: see [WithStallThreshold].
//
// # Beside this package
//
// Package aionet is the network of a loop, aionet/aiohttp has net/http in front of
// one, and aioexec runs commands. Package procpool calls functions in worker
// processes. Package aiometrics prints a loop's figures for Prometheus. Package
// asynciotest runs tests in virtual time.
package asyncio
