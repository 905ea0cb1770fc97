package conformance

import (
	"context"
	"errors"

	"github.com/asyncio-go/asyncio"
)

// Tasks: results, errors, and awaits.
var taskPrograms = map[string]program{
	"cancelled_error_without_a_cancel": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(context.Context) error { return context.Canceled })
		log("main: %s", outcome(task.Await(ctx)))
		log("pretender is %s", cancelledOrFailed(task))
	},

	"task_raises": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, failer(log, "A", 1))
		log("first: %s", outcome(task.Await(ctx)))
		log("second: %s", outcome(task.Await(ctx)))
		log("A is %s", state(task))
	},

	"task_error_passes_through_awaiters": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			log("middle start")
			defer log("middle leaves")
			_, err := asyncio.CreateTask(ctx, failer(log, "A", 1)).Await(ctx)
			return err
		})
		log("main: %s", outcome(task.Await(ctx)))
		log("middle is %s", state(task))
	},

	"await_cancelled_task": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 10))
		sleep(ctx, 0)
		task.Cancel(nil)
		log("first: %s", outcome(task.Await(ctx)))
		log("second: %s", outcome(task.Await(ctx)))
		sleep(ctx, 0)
		log("main itself goes on")
	},

	"waiters_of_a_cancelled_task": func(ctx context.Context, log logger) {
		slow := asyncio.CreateTask(ctx, sleeper(log, "slow", 10))
		var waiters []*asyncio.Task[struct{}]
		for _, name := range []string{"A", "B"} {
			waiters = append(waiters, asyncio.Go(ctx, func(ctx context.Context) error {
				log("%s: %s", name, outcome(slow.Await(ctx)))
				err := sleep(ctx, 0)
				log("%s goes on", name)
				return err
			}))
		}
		sleep(ctx, 1)
		slow.Cancel(nil)
		for _, task := range waiters {
			task.Await(ctx)
		}
	},

	"result_of_pending_task": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, yielder(log, "A", 1))
		if _, err := task.Result(); errors.Is(err, asyncio.ErrNotDone) {
			log("result: not done")
		}
		log("main: %s", outcome(task.Await(ctx)))
		log("result: %s", text(task.Result()))
	},

	"tasks_that_await_each_other": func(ctx context.Context, log logger) {
		var a, b *asyncio.Task[struct{}]
		a = asyncio.Go(ctx, func(ctx context.Context) error {
			log("first %s", outcome(b.Await(ctx)))
			return nil
		})
		b = asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := asyncio.WaitFor(ctx, seconds(5), a)
			log("second %s %s", ended(err), clock(ctx))
			return nil
		})
		a.Await(ctx)
		b.Await(ctx)
	},
}
