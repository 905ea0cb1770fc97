package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// Awaiting a task of another owner without cancelling it: shield in Python, a plain Await here.
var shieldPrograms = map[string]program{
	"shield_waiter_cancelled": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 3))
		waiter := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := task.Await(ctx)
			if err != nil {
				log("waiter cancelled")
			}
			return err
		})
		sleep(ctx, 1)
		waiter.Cancel(nil)
		log("waiter %s", outcome(waiter.Await(ctx)))
		log("A is %s", state(task))
		result := outcome(task.Await(ctx))
		log("A %s %s", result, clock(ctx))
	},

	"shield_one_of_two_waiters_cancelled": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 3))
		first := tell(ctx, log, "first", task)
		second := tell(ctx, log, "second", task)
		sleep(ctx, 1)
		first.Cancel(nil)
		first.Await(ctx)
		second.Await(ctx)
		log("%s", clock(ctx))
	},

	"shield_of_a_task_that_is_cancelled": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 3))
		waiter := tell(ctx, log, "waiter", task)
		sleep(ctx, 1)
		task.Cancel(nil)
		waiter.Await(ctx)
	},

	"shield_of_a_task_that_fails": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, failer(log, "A", 1))
		log("waiter %s", outcome(task.Await(ctx)))
		log("again %s", outcome(task.Await(ctx)))
	},

	"shield_in_a_timeout_and_once_more": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 5))
		for _, limit := range []int{1, 2, 9} {
			result := outcome(asyncio.WaitFor(ctx, seconds(limit), task))
			log("waiter %s %s", result, clock(ctx))
		}
	},
}
