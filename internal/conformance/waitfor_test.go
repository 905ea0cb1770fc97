package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// waitFor logs the outcome of WaitFor with its time.
func waitFor[T any](ctx context.Context, log logger, limit int, aw asyncio.Awaitable[T]) {
	result := outcome(asyncio.WaitFor(ctx, seconds(limit), aw))
	log("wait_for %s %s", result, clock(ctx))
}

var waitForPrograms = map[string]program{
	"wait_for_in_time": func(ctx context.Context, log logger) {
		waitFor(ctx, log, 2, sleeper(log, "A", 1))
		sleep(ctx, 5)
	},

	"wait_for_late": func(ctx context.Context, log logger) {
		waitFor(ctx, log, 2, sleeper(log, "A", 3))
		sleep(ctx, 5)
	},

	"wait_for_runs_inline": func(ctx context.Context, log logger) {
		turns := countTurns(ctx, log, 3)
		log("wait_for %s", outcome(asyncio.WaitFor(ctx, seconds(2), yielder(log, "A", 1))))
		sleep(ctx, 0)
		turns.Await(ctx)
	},

	"wait_for_late_waits_for_cleanup": func(ctx context.Context, log logger) {
		waitFor(ctx, log, 2, cleaner(log, "A", 9, 3))
	},

	"wait_for_late_value_is_returned": func(ctx context.Context, log logger) {
		waitFor(ctx, log, 2, stubborn(log, "A", 9))
	},

	"wait_for_late_own_error": func(ctx context.Context, log logger) {
		waitFor(ctx, log, 2, sore(log, "A"))
	},

	"wait_for_inner_error": func(ctx context.Context, log logger) {
		waitFor(ctx, log, 2, failer(log, "A", 1))
	},

	"wait_for_zero_never_starts": func(ctx context.Context, log logger) {
		waitFor(ctx, log, 0, sleeper(log, "A", 1))
	},

	"wait_for_negative_never_starts": func(ctx context.Context, log logger) {
		waitFor(ctx, log, -1, sleeper(log, "A", 1))
	},

	"wait_for_zero_of_done_task": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, yielder(log, "A", 0))
		sleep(ctx, 0)
		log("wait_for %s", outcome(asyncio.WaitFor(ctx, 0, task)))
	},

	"wait_for_zero_of_running_task": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 1))
		sleep(ctx, 0)
		waitFor(ctx, log, 0, task)
		log("A %s", outcome(task.Await(ctx)))
	},

	"wait_for_task_in_time": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 1))
		waitFor(ctx, log, 2, task)
		log("A is %s", state(task))
	},

	"wait_for_task_late": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 3))
		waitFor(ctx, log, 2, task)
		result := outcome(task.Await(ctx))
		log("A %s %s", result, clock(ctx))
	},

	"wait_for_task_that_gets_cancelled": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 3))
		asyncio.LoopOf(ctx).CallLater(seconds(1), func() { task.Cancel(nil) })
		waitFor(ctx, log, 2, task)
	},

	"wait_for_future": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[string](ctx)
		asyncio.LoopOf(ctx).CallLater(seconds(1), func() { fut.SetResult("x") })
		waitFor(ctx, log, 2, fut)
	},

	"wait_for_cancelled_from_outside": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			result := outcome(asyncio.WaitFor(ctx, seconds(5), sleeper(log, "A", 9)))
			log("waiter: %s %s", result, clock(ctx))
			return nil
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		task.Await(ctx)
	},

	"wait_for_nested_inner_first": func(ctx context.Context, log logger) {
		inner := asyncio.Coroutine[string](func(ctx context.Context) (string, error) {
			result := outcome(asyncio.WaitFor(ctx, seconds(1), sleeper(log, "A", 9)))
			log("inner %s %s", result, clock(ctx))
			return sleeper(log, "B", 1).Await(ctx)
		})
		result := outcome(asyncio.WaitFor(ctx, seconds(5), inner))
		log("outer %s %s", result, clock(ctx))
	},

	"wait_for_nested_outer_first": func(ctx context.Context, log logger) {
		inner := asyncio.Proc(func(ctx context.Context) error {
			_, err := asyncio.WaitFor(ctx, seconds(5), sleeper(log, "A", 9))
			if err != nil {
				log("inner cancelled")
			}
			return err
		})
		result := outcome(asyncio.WaitFor(ctx, seconds(1), inner))
		log("outer %s %s", result, clock(ctx))
	},

	// The timer of the sleeper is set after that of the timeout, for the same instant.
	"wait_for_result_at_the_deadline": func(ctx context.Context, log logger) {
		waitFor(ctx, log, 2, sleeper(log, "A", 2))
	},
}
