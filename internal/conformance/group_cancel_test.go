package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// Cancelled task groups, and cancelled children.
var groupCancelPrograms = map[string]program{
	"group_child_cancelled_by_hand": func(ctx context.Context, log logger) {
		var a *asyncio.Task[string]
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			a = asyncio.CreateTask(ctx, sleeper(log, "A", 9))
			asyncio.CreateTask(ctx, sleeper(log, "B", 2))
			err := sleep(ctx, 1)
			a.Cancel(nil)
			return err
		})
		log("group ended %s, A is %s", clock(ctx), state(a))
	},

	"group_child_raises_cancelled_unasked": func(ctx context.Context, log logger) {
		group(ctx, log, func(ctx context.Context) error {
			asyncio.Go(ctx, func(context.Context) error {
				log("pretender")
				return context.Canceled
			})
			asyncio.CreateTask(ctx, sleeper(log, "B", 2))
			return nil
		})
	},

	"group_cancelled_from_outside_in_its_body": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.CreateTask(ctx, sleeper(log, "A", 9))
				_, err := sleeper(log, "body", 9).Await(ctx)
				return err
			})
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
		log("task is %s", state(task))
	},

	"group_cancelled_from_outside_at_its_exit": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.CreateTask(ctx, sleeper(log, "A", 9))
				asyncio.CreateTask(ctx, sleeper(log, "B", 9))
				log("body ends")
				return nil
			})
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
		log("task is %s", state(task))
	},

	"group_cancelled_from_outside_with_an_error": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.CreateTask(ctx, sore(log, "child"))
				return nil
			})
			log("group %s", ended(err))
			log("next await %s", ended(sleep(ctx, 1)))
			return nil
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
	},

	"group_nested_inner_is_cancelled_by_outer": func(ctx context.Context, log logger) {
		inner := func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sleeper(log, "A1", 9))
			asyncio.CreateTask(ctx, sleeper(log, "A2", 9))
			return nil
		}
		group(ctx, log, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, inner) })
			asyncio.CreateTask(ctx, failer(log, "B", 1))
			return nil
		})
	},

	"group_under_a_timeout": func(ctx context.Context, log logger) {
		body := func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sleeper(log, "A", 9))
			asyncio.CreateTask(ctx, sleeper(log, "B", 1))
			return nil
		}
		block(ctx, log, 2, asyncio.Proc(func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, body) }))
	},

	"group_cancelled_from_outside_and_its_child_swallows_it": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			group(ctx, log, func(ctx context.Context) error {
				asyncio.CreateTask(ctx, stubborn(log, "A", 9))
				return nil
			})
			return nil
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		task.Await(ctx)
	},

	"group_child_ended_by_a_timeout_around_the_group": func(ctx context.Context, log logger) {
		var a *asyncio.Task[string]
		log("block %s", outcome(inTime(2, asyncio.Proc(func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				a = asyncio.CreateTask(ctx, sleeper(log, "A", 9))
				return nil
			})
		}))(ctx)))
		log("A %s", outcome(a.Await(ctx)))
	},
}
