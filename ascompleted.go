package asyncio

import (
	"context"
	"iter"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// AsCompleted awaits all of aws together and gives, to a range loop, the position
// of each in the arguments and its Result, in the order in which they end.
// Coroutines are started as tasks when the loop begins; tasks and futures are only
// awaited.
//
// Leaving the loop early cancels the coroutines that it started and waits for
// them; their results and errors are dropped. The error of a task or future that was
// handed in counts as received when the loop gets it, not before. If ctx is cancelled,
// AsCompleted cancels and awaits the coroutines. The Result of an argument that has not
// ended by itself then has ctx's error.
//
// With [Pull2], only the task that called next first may call next and stop.
//
//go:noinline
func AsCompleted[T any, A Awaitable[T]](ctx context.Context, aws ...A) iter.Seq2[int, Result[T]] {
	site := coro.CallSite()
	return func(yield func(int, Result[T]) bool) {
		g, err := gather[T](ctx, aws, site, waitForAll, true)
		if err != nil {
			for i := range aws {
				if !yield(i, Result[T]{Err: err}) {
					return
				}
			}
			return
		}
		g.multiAwait.Enter()
		defer func() { // at the end, and after a break, a panic or Goexit in the body
			g.multiAwait.Leave()
			g.multiAwait.Stop()
		}()
		given := make([]bool, len(aws))
		var cancelled error
		for {
			i := g.multiAwait.Next(&cancelled)
			if i < 0 {
				break
			}
			given[i] = true
			if cancelled == nil {
				cancelled = g.multiAwait.Err() // it may have come while the body was shielded
			}
			if !yield(i, g.result(i, cancelled)) {
				return
			}
		}
		for i := range given { // handed in, and not ended when ctx was cancelled
			if !given[i] && !yield(i, g.result(i, cancelled)) {
				return
			}
		}
	}
}
