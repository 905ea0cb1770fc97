package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// gather with a member that fails, and a gather that is cancelled.
var gatherErrorPrograms = map[string]program{
	"gather_first_error_of_coroutines": func(ctx context.Context, log logger) {
		result := outcome(asyncio.Gather(ctx, sleeper(log, "A", 3), failer(log, "B", 1), sleeper(log, "C", 2)))
		log("gather %s at %g", result, now(ctx))
		sleep(ctx, 5)
	},

	"gather_first_error_of_tasks": func(ctx context.Context, log logger) {
		a := asyncio.CreateTask(ctx, sleeper(log, "A", 3))
		b := asyncio.CreateTask(ctx, failer(log, "B", 1))
		result := outcome(asyncio.Gather(ctx, a, b))
		log("gather %s at %g", result, now(ctx))
		log("A is %s", state(a))
		result = outcome(a.Await(ctx))
		log("A %s at %g", result, now(ctx))
	},

	"gather_two_errors_first_wins": func(ctx context.Context, log logger) {
		a := asyncio.CreateTask(ctx, failer(log, "A", 2))
		b := asyncio.CreateTask(ctx, failer(log, "B", 1))
		log("gather %s", outcome(asyncio.Gather(ctx, a, b)))
		sleep(ctx, 2)
		log("A is %s", state(a))
	},

	"gather_two_errors_in_one_turn": func(ctx context.Context, log logger) {
		a := asyncio.CreateTask(ctx, fails(log, "A"))
		b := asyncio.CreateTask(ctx, fails(log, "B"))
		log("gather %s", outcome(asyncio.Gather(ctx, b, a)))
		log("A is %s, B is %s", state(a), state(b))
	},

	"gather_error_of_task_already_failed": func(ctx context.Context, log logger) {
		b := asyncio.CreateTask(ctx, failer(log, "B", 1))
		a := asyncio.CreateTask(ctx, sleeper(log, "A", 5))
		sleep(ctx, 2)
		result := outcome(asyncio.Gather(ctx, a, b))
		log("gather %s at %g", result, now(ctx))
		log("A %s", outcome(a.Await(ctx)))
	},

	"gather_member_cancelled": func(ctx context.Context, log logger) {
		a := asyncio.CreateTask(ctx, sleeper(log, "A", 3))
		b := asyncio.CreateTask(ctx, sleeper(log, "B", 10))
		asyncio.LoopOf(ctx).CallLater(seconds(1), func() { b.Cancel(nil) })
		log("gather %s", outcome(asyncio.Gather(ctx, a, b)))
		log("A is %s, B is %s", state(a), state(b))
		log("A %s", outcome(a.Await(ctx)))
	},

	"gather_nested_error": func(ctx context.Context, log logger) {
		outer := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			a := asyncio.CreateTask(ctx, failer(log, "A", 1))
			b := asyncio.CreateTask(ctx, sleeper(log, "B", 2))
			_, err := asyncio.Gather(ctx, a, b)
			return "", err
		})
		c := asyncio.CreateTask(ctx, sleeper(log, "C", 3))
		log("gather %s", outcome(asyncio.Gather(ctx, outer, c)))
		log("C %s", outcome(c.Await(ctx)))
	},

	"gather_cancelled_cancels_coroutines": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			log("gather %s", outcome(asyncio.Gather(ctx, sleeper(log, "A", 10), sleeper(log, "B", 10))))
			return nil
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		task.Await(ctx)
	},

	"gather_cancelled_with_tasks_handed_in": func(ctx context.Context, log logger) {
		a := asyncio.CreateTask(ctx, sleeper(log, "A", 3))
		b := asyncio.CreateTask(ctx, sleeper(log, "B", 4))
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			log("gather %s", outcome(asyncio.Gather(ctx, a, b)))
			return nil
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		task.Await(ctx)
		log("A %s", outcome(a.Await(ctx)))
		log("B %s", outcome(b.Await(ctx)))
	},

	"gather_cancelled_while_members_clean_up": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			result := outcome(asyncio.Gather(ctx, cleaner(log, "A", 10, 1), cleaner(log, "B", 10, 2)))
			log("gather %s at %g", result, now(ctx))
			return nil
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		task.Await(ctx)
		sleep(ctx, 5)
	},

	"gather_cancelled_but_members_swallow_it": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			log("gather %s", outcome(asyncio.Gather(ctx, stubborn(log, "A", 10), stubborn(log, "B", 10))))
			return nil
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		task.Await(ctx)
	},

	"gather_return_exceptions_cancelled": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			results := asyncio.GatherResults(ctx, sleeper(log, "A", 10), sleeper(log, "B", 1), sleeper(log, "C", 10))
			log("gather returned %s", showResults(results))
			return nil
		})
		sleep(ctx, 2)
		task.Cancel(nil)
		task.Await(ctx)
	},

	"gather_cancelled_and_a_member_fails_on_its_way_out": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			a := asyncio.Coroutine[string](func(ctx context.Context) (string, error) {
				_, err := sore(log, "A")(ctx)
				return "", err
			})
			log("gather %s", outcome(asyncio.Gather(ctx, a, sleeper(log, "B", 9))))
			return nil
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		task.Await(ctx)
	},

	"gather_cancelled_by_a_member_that_then_fails": func(ctx context.Context, log logger) {
		var task *asyncio.Task[struct{}]
		task = asyncio.Go(ctx, func(ctx context.Context) error {
			log("gather %s", outcome(asyncio.Gather(ctx, asyncio.Coroutine[string](func(ctx context.Context) (string, error) {
				sleep(ctx, 1)
				log("cancel: %t", task.Cancel(nil))
				return "", boom("member")
			}))))
			return nil
		})
		task.Await(ctx)
	},
}
