package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// The remaining tasks when main returns or fails.
var shutdownPrograms = map[string]mainProgram{
	"shutdown_cancels_what_is_left_in_order": func(ctx context.Context, log logger) error {
		for _, name := range []string{"A", "B", "C"} {
			asyncio.CreateTask(ctx, sleeper(log, name, 9))
		}
		sleep(ctx, 1)
		log("main returns")
		return nil
	},

	"shutdown_waits_for_cleanup": func(ctx context.Context, log logger) error {
		asyncio.CreateTask(ctx, cleaner(log, "A", 9, 2))
		asyncio.CreateTask(ctx, cleaner(log, "B", 9, 1))
		sleep(ctx, 1)
		log("main returns")
		return nil
	},

	"shutdown_leaves_the_finished_alone": func(ctx context.Context, log logger) error {
		a := asyncio.CreateTask(ctx, yielder(log, "A", 1))
		b := asyncio.CreateTask(ctx, sleeper(log, "B", 9))
		b.OnDone(func() { log("A is %s, B is %s", state(a), state(b)) })
		sleep(ctx, 1)
		log("main returns")
		return nil
	},

	"shutdown_of_tasks_that_have_not_started": func(ctx context.Context, log logger) error {
		for _, name := range []string{"A", "B"} {
			asyncio.CreateTask(ctx, sleeper(log, name, 9))
		}
		log("main returns")
		return nil
	},

	"shutdown_of_tasks_about_to_run": func(ctx context.Context, log logger) error {
		asyncio.CreateTask(ctx, yielder(log, "A", 2))
		sleep(ctx, 0)
		log("main returns")
		return nil
	},

	"shutdown_swallowed_cancel": func(ctx context.Context, log logger) error {
		asyncio.CreateTask(ctx, stubborn(log, "A", 9))
		asyncio.CreateTask(ctx, sleeper(log, "B", 9))
		sleep(ctx, 1)
		log("main returns")
		return nil
	},

	"shutdown_of_a_waiter_and_the_task_it_awaits": func(ctx context.Context, log logger) error {
		a := asyncio.CreateTask(ctx, sleeper(log, "A", 9))
		asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := a.Await(ctx)
			if err != nil {
				log("waiter cancelled")
			}
			return err
		})
		sleep(ctx, 1)
		log("main returns")
		return nil
	},

	"shutdown_task_born_during_cleanup": func(ctx context.Context, log logger) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			err := sleep(ctx, 9)
			if err != nil {
				log("parent makes a child")
				ctx := context.WithoutCancel(ctx)
				asyncio.CreateTask(ctx, sleeper(log, "child", 9))
				sleep(ctx, 1)
				log("parent leaves")
			}
			return err
		})
		sleep(ctx, 1)
		log("main returns")
		return nil
	},

	"shutdown_of_a_group": func(ctx context.Context, log logger) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.CreateTask(ctx, sleeper(log, "child", 9))
				return nil
			})
			if err != nil {
				log("owner cancelled")
			}
			return err
		})
		sleep(ctx, 1)
		log("main returns")
		return nil
	},

	"shutdown_error_during_cleanup": func(ctx context.Context, log logger) error {
		asyncio.CreateTask(ctx, sore(log, "A"))
		sleep(ctx, 1)
		log("main returns")
		return nil
	},

	"main_fails": func(ctx context.Context, log logger) error {
		asyncio.CreateTask(ctx, sleeper(log, "A", 9))
		sleep(ctx, 1)
		log("main fails")
		return boom("main")
	},

	"main_fails_by_awaiting": func(ctx context.Context, log logger) error {
		a := asyncio.CreateTask(ctx, sleeper(log, "A", 9))
		if _, err := failer(log, "main", 1).Await(ctx); err != nil {
			return err
		}
		_, err := a.Await(ctx)
		return err
	},

	"main_is_cancelled": func(ctx context.Context, log logger) error {
		main := asyncio.CurrentTask(ctx)
		asyncio.CreateTask(ctx, sleeper(log, "A", 9))
		asyncio.LoopOf(ctx).CallLater(seconds(1), func() { main.Cancel(nil) })
		_, err := sleeper(log, "main", 9).Await(ctx)
		return err
	},
}
