package semantics_test

import (
	"context"
	"iter"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// This file has what the tests of the primitives share.

// anyQueue is what the three queues have in common.
type anyQueue interface {
	Put(ctx context.Context, v int) error
	TryPut(v int) bool
	Get(ctx context.Context) (int, error)
	TryGet() (int, bool)
	Len() int
	Closed() bool
	TaskDone()
	Join(ctx context.Context) error
	Shutdown(immediate bool)
	All(ctx context.Context) iter.Seq[int]
}

// queueKinds make an empty queue of each kind.
var queueKinds = map[string]func(max int) anyQueue{
	"Queue":         func(max int) anyQueue { return asyncio.NewQueue[int](max) },
	"LIFOQueue":     func(max int) anyQueue { return asyncio.NewLIFOQueue[int](max) },
	"PriorityQueue": func(max int) anyQueue { return asyncio.NewPriorityQueue(max, ascending) },
}

func ascending(a, b int) bool { return a < b }

// eachQueue runs body on a loop of its own for each kind of queue.
func eachQueue(t *testing.T, body func(ctx context.Context, t *testing.T, newQueue func(max int) anyQueue)) {
	for name, newQueue := range queueKinds {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) { body(ctx, t, newQueue) })
		})
	}
}

// A handOver is a call that waits for something, and what gives that to whoever has waited longest.
type handOver struct {
	wait  func(ctx context.Context) error
	serve func()
	// spare takes what was served and nobody has, and reports whether there was such a thing. nil: what is
	// served when nobody waits is gone by design.
	spare func() bool
}

// handOvers make each of them, on a primitive that has nothing to give yet. A Lock is not among them: only its
// holder can serve. See primitives_lock_cancel_test.go.
var handOvers = func() map[string]func() handOver {
	all := map[string]func() handOver{
		"Semaphore": func() handOver {
			s := asyncio.NewSemaphore(1)
			s.TryAcquire()
			return handOver{s.Acquire, s.Release, s.TryAcquire}
		},
		"Condition": func() handOver {
			c := asyncio.NewCondition(nil)
			return handOver{func(ctx context.Context) error { return waitOn(ctx, c) }, func() { notify(c, 1) }, nil}
		},
	}
	for name, newQueue := range queueKinds {
		all[name+".Get"] = func() handOver {
			q := newQueue(0)
			return handOver{
				func(ctx context.Context) error { return second(q.Get(ctx)) },
				func() { q.TryPut(7) },
				func() bool { _, ok := q.TryGet(); return ok },
			}
		}
		all[name+".Put"] = func() handOver {
			q := newQueue(1)
			q.TryPut(1)
			return handOver{
				func(ctx context.Context) error { return q.Put(ctx, 8) },
				func() { q.TryGet() },
				func() bool { return q.TryPut(9) },
			}
		}
	}
	return all
}()

// eachHandOver runs body on a loop of its own for each of them.
func eachHandOver(t *testing.T, body func(ctx context.Context, t *testing.T, h handOver)) {
	for name, newHandOver := range handOvers {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) { body(ctx, t, newHandOver()) })
		})
	}
}

// waitOn is Condition.Wait with all that belongs to it.
func waitOn(ctx context.Context, c *asyncio.Condition) error {
	if err := c.L.Acquire(ctx); err != nil {
		return err
	}
	defer c.L.Release()
	return c.Wait(ctx)
}

// notify is Condition.Notify while nobody holds the lock.
func notify(c *asyncio.Condition, n int) {
	if !c.L.TryAcquire() {
		panic("the lock of the condition is held")
	}
	defer c.L.Release()
	c.Notify(n)
}

// An attempt is a task that makes one call: what came of it, and the error of its next await.
type attempt struct {
	*asyncio.Task[struct{}]
	over      bool
	err, next error
}

// try starts an attempt.
func try(ctx context.Context, call func(ctx context.Context) error) *attempt {
	a := &attempt{}
	a.Task = asyncio.Go(ctx, func(ctx context.Context) error {
		a.err = call(ctx)
		a.over = true
		a.next = asyncio.Sleep(ctx, 0)
		return nil
	})
	return a
}

// tryInOrder starts n attempts and lets them get as far as their wait.
func tryInOrder(ctx context.Context, t *testing.T, n int, call func(ctx context.Context) error) []*attempt {
	t.Helper()
	all := make([]*attempt, n)
	for i := range all {
		all[i] = try(ctx, call)
	}
	turns(ctx, t, 1)
	for i, a := range all {
		if a.over {
			t.Errorf("attempt %d did not wait: %v", i, a.err)
		}
	}
	return all
}

// over tells, for each attempt, whether its call has returned: 0 and 1.
func over(all []*attempt) string {
	var b []byte
	for _, a := range all {
		if a.over {
			b = append(b, '1')
		} else {
			b = append(b, '0')
		}
	}
	return string(b)
}

// cancelAll ends the attempts that still wait.
func cancelAll(ctx context.Context, all []*attempt) {
	for _, a := range all {
		a.Cancel(nil)
	}
	for _, a := range all {
		a.Await(ctx)
	}
}
