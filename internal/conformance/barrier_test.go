package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// tellNumbers is tell for tasks that wait at a barrier, one for each name.
func tellNumbers(ctx context.Context, log logger, names string, barrier *asyncio.Barrier) []*asyncio.Task[struct{}] {
	var tasks []*asyncio.Task[struct{}]
	for _, name := range names {
		tasks = append(tasks, tell(ctx, log, string(name), asyncio.Coroutine[int](barrier.Wait)))
	}
	return tasks
}

// Barrier: numbers, rounds, reset, abort, cancellation.
var barrierPrograms = map[string]program{
	"barrier_lets_all_go": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(3)
		var tasks []*asyncio.Task[struct{}]
		for _, name := range "ABC" {
			tasks = append(tasks, tellNumbers(ctx, log, string(name), barrier)...)
			sleep(ctx, 1)
			log("%d of %d wait", barrier.Waiting(), barrier.Parties())
		}
		all(ctx, tasks)
	},

	"barrier_last_one_does_not_wait": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(3)
		tasks := tellNumbers(ctx, log, "AB", barrier)
		sleep(ctx, 1)
		log("main %s", outcome(barrier.Wait(ctx)))
		all(ctx, tasks)
	},

	"barrier_of_one": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(1)
		for range 3 {
			result := outcome(barrier.Wait(ctx))
			log("wait %s, %d wait", result, barrier.Waiting())
		}
	},

	"barrier_rounds": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(2)
		walker := func(name string, pace int) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				for n := range 3 {
					sleep(ctx, pace)
					index, _ := barrier.Wait(ctx)
					log("%s round %d number %d %s", name, n, index, clock(ctx))
				}
				return nil
			}
		}
		asyncio.Gather(ctx, asyncio.Go(ctx, walker("A", 1)), asyncio.Go(ctx, walker("B", 3)))
	},

	"barrier_cancel_a_waiter": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(3)
		tasks := tellNumbers(ctx, log, "AB", barrier)
		sleep(ctx, 1)
		tasks[0].Cancel(nil)
		tasks[0].Await(ctx)
		log("%d wait, broken %v", barrier.Waiting(), barrier.Broken())
		tasks = append(tasks, tellNumbers(ctx, log, "C", barrier)...)
		sleep(ctx, 1)
		log("%d wait", barrier.Waiting())
		log("main %s", outcome(barrier.Wait(ctx)))
		all(ctx, tasks)
	},

	"barrier_reset": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(3)
		tasks := tellNumbers(ctx, log, "AB", barrier)
		sleep(ctx, 1)
		barrier.Reset()
		all(ctx, tasks)
		log("%d wait, broken %v", barrier.Waiting(), barrier.Broken())
		all(ctx, tellNumbers(ctx, log, "CDE", barrier))
	},

	"barrier_reset_of_an_empty_one": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(2)
		barrier.Reset()
		all(ctx, tellNumbers(ctx, log, "AB", barrier))
	},

	"barrier_abort": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(3)
		tasks := tellNumbers(ctx, log, "AB", barrier)
		sleep(ctx, 1)
		barrier.Abort()
		log("broken %v", barrier.Broken())
		all(ctx, tasks)
		log("main %s", outcome(barrier.Wait(ctx)))
		barrier.Reset()
		log("broken %v", barrier.Broken())
		all(ctx, tellNumbers(ctx, log, "CDE", barrier))
	},

	"barrier_cancel_after_abort_in_one_turn": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(3)
		tasks := tellNumbers(ctx, log, "AB", barrier)
		sleep(ctx, 1)
		barrier.Abort()
		tasks[0].Cancel(nil)
		all(ctx, tasks)
	},

	"barrier_cancel_who_was_let_go": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(3)
		tasks := tellNumbers(ctx, log, "AB", barrier)
		sleep(ctx, 1)
		log("main %s", outcome(barrier.Wait(ctx)))
		tasks[0].Cancel(nil)
		all(ctx, tasks)
	},

	"barrier_reset_after_all_have_come": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(3)
		tasks := tellNumbers(ctx, log, "AB", barrier)
		sleep(ctx, 1)
		log("main %s", outcome(barrier.Wait(ctx)))
		barrier.Reset()
		all(ctx, tasks)
	},

	"barrier_next_round_begins_before_the_first_has_left": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(2)
		a := tellNumbers(ctx, log, "A", barrier)
		sleep(ctx, 1)
		log("main %s", outcome(barrier.Wait(ctx)))
		b := tellNumbers(ctx, log, "B", barrier)
		log("main %s", outcome(barrier.Wait(ctx)))
		all(ctx, a)
		all(ctx, b)
	},

	"barrier_wait_in_timeout": func(ctx context.Context, log logger) {
		barrier := asyncio.NewBarrier(2)
		result := outcome(inTime(2, asyncio.Coroutine[int](barrier.Wait)).Await(ctx))
		log("wait %s %s", result, clock(ctx))
		log("%d wait, broken %v", barrier.Waiting(), barrier.Broken())
	},

	"barrier_of_none": func(_ context.Context, log logger) {
		refused(log, "0", func() { asyncio.NewBarrier(0) })
	},
}
