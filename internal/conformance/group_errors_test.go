package conformance

import (
	"context"
	"errors"

	"github.com/asyncio-go/asyncio"
)

// Task groups with a failure.
var groupErrorPrograms = map[string]program{
	"group_child_fails_while_the_body_waits": func(ctx context.Context, log logger) {
		group(ctx, log, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sleeper(log, "A", 9))
			asyncio.CreateTask(ctx, failer(log, "B", 1))
			_, err := sleeper(log, "body", 9).Await(ctx)
			return err
		})
		sleep(ctx, 1)
		log("main goes on %s", clock(ctx))
	},

	"group_child_fails_after_the_body": func(ctx context.Context, log logger) {
		group(ctx, log, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sleeper(log, "A", 9))
			asyncio.CreateTask(ctx, failer(log, "B", 1))
			asyncio.CreateTask(ctx, sleeper(log, "C", 9))
			log("body ends")
			return nil
		})
	},

	"group_waits_for_cleanup_of_siblings": func(ctx context.Context, log logger) {
		group(ctx, log, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, cleaner(log, "A", 9, 2))
			asyncio.CreateTask(ctx, failer(log, "B", 1))
			return nil
		})
	},

	"group_finished_children_stay_finished": func(ctx context.Context, log logger) {
		var a, b, c *asyncio.Task[string]
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			a = asyncio.CreateTask(ctx, sleeper(log, "A", 1))
			b = asyncio.CreateTask(ctx, failer(log, "B", 2))
			c = asyncio.CreateTask(ctx, sleeper(log, "C", 9))
			return nil
		})
		log("group %s", ended(err))
		log("A is %s", state(a))
		log("B is %s", state(b))
		log("C is %s", state(c))
	},

	"group_body_fails": func(ctx context.Context, log logger) {
		group(ctx, log, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sleeper(log, "A", 9))
			asyncio.CreateTask(ctx, sleeper(log, "B", 9))
			sleep(ctx, 1)
			log("body fails")
			return boom("body")
		})
	},

	"group_body_fails_before_the_children_start": func(ctx context.Context, log logger) {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sleeper(log, "A", 9))
			asyncio.CreateTask(ctx, sleeper(log, "B", 9))
			return boom("body")
		})
		log("group %s", ended(err))
	},

	"group_child_fails_before_its_sibling_starts": func(ctx context.Context, log logger) {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, fails(log, "A"))
			b := asyncio.CreateTask(ctx, sleeper(log, "B", 9))
			b.OnDone(func() { log("B is %s", state(b)) })
			return nil
		})
		log("group %s", ended(err))
	},

	"group_two_errors": func(ctx context.Context, log logger) {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sore(log, "A"))
			asyncio.CreateTask(ctx, failer(log, "B", 1))
			asyncio.CreateTask(ctx, sore(log, "C"))
			return nil
		})
		log("group %s", ended(err))
	},

	"group_two_errors_in_one_turn": func(ctx context.Context, log logger) {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, fails(log, "A"))
			asyncio.CreateTask(ctx, fails(log, "B"))
			return nil
		})
		log("group %s", ended(err))
	},

	"group_two_errors_of_started_children_in_one_turn": func(ctx context.Context, log logger) {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, failer(log, "A", 0))
			asyncio.CreateTask(ctx, failer(log, "B", 0))
			return nil
		})
		log("group %s", ended(err))
	},

	"group_body_error_and_child_error": func(ctx context.Context, log logger) {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sore(log, "child"))
			sleep(ctx, 1)
			return boom("body")
		})
		log("group %s", ended(err))
	},

	"group_child_error_and_body_error": func(ctx context.Context, log logger) {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, failer(log, "child", 1))
			if err := sleep(ctx, 9); err != nil {
				return boom("body")
			}
			return nil
		})
		log("group %s", ended(err))
	},

	"group_body_swallows_the_cancel_of_a_failed_child": func(ctx context.Context, log logger) {
		group(ctx, log, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, failer(log, "A", 1))
			if err := sleep(ctx, 9); err != nil {
				log("body swallows it")
			}
			log("body ends")
			return nil
		})
	},

	"group_child_added_during_exit_fails": func(ctx context.Context, log logger) {
		group(ctx, log, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				sleep(ctx, 1)
				asyncio.CreateTask(ctx, failer(log, "grandchild", 1))
				_, err := sleeper(log, "parent", 9).Await(ctx)
				return err
			})
			return nil
		})
	},

	"group_nested_error_goes_up": func(ctx context.Context, log logger) {
		inner := func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sleeper(log, "A1", 9))
			asyncio.CreateTask(ctx, failer(log, "A2", 1))
			return nil
		}
		group(ctx, log, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, inner) })
			asyncio.CreateTask(ctx, sleeper(log, "B", 9))
			return nil
		})
	},

	"group_child_created_while_it_aborts": func(ctx context.Context, log logger) {
		group(ctx, log, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				err := sleep(ctx, 9)
				if err != nil {
					log("asks for one more child")
					wish := asyncio.CreateTask(ctx, sleeper(log, "wish", 1))
					if errors.Is(wish.Err(), asyncio.ErrScopeEnded) {
						log("refused")
					}
				}
				return err
			})
			asyncio.CreateTask(ctx, failer(log, "B", 1))
			return nil
		})
	},

	"group_error_is_caught_and_life_goes_on": func(ctx context.Context, log logger) {
		for _, name := range []string{"A", "B"} {
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.CreateTask(ctx, failer(log, name, 1))
				return nil
			})
			if err != nil {
				log("caught %s %s", describe(err), clock(ctx))
			}
		}
		log("%s", text(sleeper(log, "C", 1).Await(ctx)))
	},
}
