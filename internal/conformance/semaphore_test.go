package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// Semaphore: permits, order, cancellation. The semaphores here are always bounded.
var semaphorePrograms = map[string]program{
	"semaphore_lets_so_many_in": func(ctx context.Context, log logger) {
		semaphore := asyncio.NewSemaphore(2)
		var tasks []*asyncio.Task[struct{}]
		for _, name := range "ABCDE" {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				semaphore.Acquire(ctx)
				log("%c in %s", name, clock(ctx))
				sleep(ctx, 2)
				semaphore.Release()
				log("%c out %s", name, clock(ctx))
				return nil
			}))
		}
		all(ctx, tasks)
	},

	"semaphore_free_permit_costs_nothing": func(ctx context.Context, log logger) {
		semaphore := asyncio.NewSemaphore(2)
		turns := countTurns(ctx, log, 2)
		for n := range 2 {
			semaphore.Acquire(ctx)
			semaphore.Acquire(ctx)
			log("has both %d", n)
			semaphore.Release()
			semaphore.Release()
		}
		turns.Await(ctx)
	},

	"semaphore_newcomer_waits_behind_a_woken_waiter": func(ctx context.Context, log logger) {
		semaphore := asyncio.NewSemaphore(1)
		semaphore.Acquire(ctx)
		a := tell(ctx, log, "A", asyncio.Proc(semaphore.Acquire))
		sleep(ctx, 0)
		semaphore.Release()
		b := tell(ctx, log, "B", asyncio.Proc(semaphore.Acquire))
		sleep(ctx, 0)
		sleep(ctx, 0)
		log("B is done: %v", done(b))
		semaphore.Release()
		a.Await(ctx)
		b.Await(ctx)
	},

	"semaphore_two_releases_in_one_turn": func(ctx context.Context, log logger) {
		semaphore := asyncio.NewSemaphore(2)
		semaphore.Acquire(ctx)
		semaphore.Acquire(ctx)
		tasks := tellAll(ctx, log, "ABC", asyncio.Proc(semaphore.Acquire))
		sleep(ctx, 1)
		semaphore.Release()
		semaphore.Release()
		sleep(ctx, 1)
		log("C is done: %v", done(tasks[2]))
		semaphore.Release()
		all(ctx, tasks)
	},

	"semaphore_cancel_a_waiter": func(ctx context.Context, log logger) {
		semaphore := asyncio.NewSemaphore(1)
		semaphore.Acquire(ctx)
		tasks := tellAll(ctx, log, "ABC", asyncio.Proc(semaphore.Acquire))
		sleep(ctx, 1)
		tasks[0].Cancel(nil)
		semaphore.Release()
		tasks[1].Await(ctx)
		semaphore.Release()
		all(ctx, tasks)
	},

	"semaphore_release_then_cancel_in_one_turn": func(ctx context.Context, log logger) {
		semaphore := asyncio.NewSemaphore(1)
		semaphore.Acquire(ctx)
		a, b := tell(ctx, log, "A", asyncio.Proc(semaphore.Acquire)), tell(ctx, log, "B", asyncio.Proc(semaphore.Acquire))
		sleep(ctx, 1)
		semaphore.Release()
		a.Cancel(nil)
		a.Await(ctx)
		sleep(ctx, 1)
		log("B is done: %v", done(b))
		if !done(b) {
			semaphore.Release()
		}
		b.Await(ctx)
	},

	"semaphore_waiter_in_timeout": func(ctx context.Context, log logger) {
		semaphore := asyncio.NewSemaphore(1)
		semaphore.Acquire(ctx)
		tell(ctx, log, "A", inTime(2, asyncio.Proc(semaphore.Acquire))).Await(ctx)
		log("A left %s", clock(ctx))
		semaphore.Release()
		tell(ctx, log, "B", asyncio.Proc(semaphore.Acquire)).Await(ctx)
	},

	"semaphore_too_many_releases": func(ctx context.Context, log logger) {
		semaphore := asyncio.NewSemaphore(1)
		refused(log, "release", semaphore.Release)
		semaphore.Acquire(ctx)
		semaphore.Release()
		refused(log, "second release", semaphore.Release)
		semaphore.Acquire(ctx)
		log("one permit is still there")
	},

	"semaphore_of_less_than_none": func(_ context.Context, log logger) {
		refused(log, "-1", func() { asyncio.NewSemaphore(-1) })
	},

	"semaphore_free_permit_beside_a_woken_waiter": func(ctx context.Context, log logger) {
		semaphore := asyncio.NewSemaphore(2)
		semaphore.Acquire(ctx)
		semaphore.Acquire(ctx)
		a := tell(ctx, log, "A", asyncio.Proc(semaphore.Acquire))
		sleep(ctx, 1)
		semaphore.Release()
		semaphore.Release()
		semaphore.Acquire(ctx)
		log("main has the other one")
		a.Await(ctx)
	},
}
