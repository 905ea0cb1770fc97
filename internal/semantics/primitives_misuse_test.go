package semantics_test

import (
	"context"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Lock and Event are ready as they are. What needs a constructor says so when it was not used.
func TestMisuse_ZeroPrimitives(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var condition asyncio.Condition
		var semaphore asyncio.Semaphore
		var barrier asyncio.Barrier
		for _, call := range []struct {
			name, says string
			call       func()
		}{
			{"Condition.Wait", "NewCondition", func() { condition.Wait(ctx) }},
			{"Condition.WaitFor", "NewCondition", func() { condition.WaitFor(ctx, func() bool { return true }) }},
			{"Condition.Notify", "NewCondition", func() { condition.Notify(1) }},
			{"Condition.NotifyAll", "NewCondition", condition.NotifyAll},
			{"Semaphore.Acquire", "NewSemaphore", func() { semaphore.Acquire(ctx) }},
			{"Semaphore.TryAcquire", "NewSemaphore", func() { semaphore.TryAcquire() }},
			{"Semaphore.Release", "NewSemaphore", semaphore.Release},
			{"Barrier.Wait", "NewBarrier", func() { barrier.Wait(ctx) }},
			{"Barrier.Reset", "NewBarrier", barrier.Reset},
			{"Barrier.Abort", "NewBarrier", barrier.Abort},
			{"Barrier.Waiting", "NewBarrier", func() { barrier.Waiting() }},
			{"Barrier.Broken", "NewBarrier", func() { barrier.Broken() }},
		} {
			wantClearPanic(t, call.name, call.call, call.says)
		}
		for says, q := range map[string]anyQueue{
			"NewQueue": &asyncio.Queue[int]{}, "NewLIFOQueue": &asyncio.LIFOQueue[int]{}, "NewPriorityQueue": &asyncio.PriorityQueue[int]{},
		} {
			for name, call := range map[string]func(){
				"Put":      func() { q.Put(ctx, 1) },
				"TryPut":   func() { q.TryPut(1) },
				"Get":      func() { q.Get(ctx) },
				"TryGet":   func() { q.TryGet() },
				"Len":      func() { q.Len() },
				"Closed":   func() { q.Closed() },
				"TaskDone": q.TaskDone,
				"Join":     func() { q.Join(ctx) },
				"Shutdown": func() { q.Shutdown(true) },
				"All": func() {
					for range q.All(ctx) {
						break
					}
				},
			} {
				wantClearPanic(t, says+", "+name, call, "New")
			}
		}
	})
}
