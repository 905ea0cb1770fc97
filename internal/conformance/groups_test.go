package conformance

import (
	"context"
	"errors"

	"github.com/asyncio-go/asyncio"
)

// group runs body in a task group and logs the outcome with its time.
func group(ctx context.Context, log logger, body func(ctx context.Context) error) {
	result := ended(asyncio.WithTaskGroup(ctx, body))
	log("group %s %s", result, clock(ctx))
}

// Task groups: lifetime and nesting.
var groupPrograms = map[string]program{
	"group_ok": func(ctx context.Context, log logger) {
		var a, b *asyncio.Task[string]
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			a = asyncio.CreateTask(ctx, sleeper(log, "A", 2))
			b = asyncio.CreateTask(ctx, sleeper(log, "B", 1))
			log("body ends")
			return nil
		})
		log("group ended %s: %s %s", clock(ctx), text(a.Result()), text(b.Result()))
	},

	"group_empty_costs_nothing": func(ctx context.Context, log logger) {
		turns := countTurns(ctx, log, 2)
		asyncio.WithTaskGroup(ctx, func(context.Context) error {
			log("body")
			return nil
		})
		log("group ended")
		sleep(ctx, 0)
		turns.Await(ctx)
	},

	"group_turns": func(ctx context.Context, log logger) {
		turns := countTurns(ctx, log, 4)
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, yielder(log, "A", 0))
			asyncio.CreateTask(ctx, yielder(log, "B", 0))
			return nil
		})
		log("group ended")
		turns.Await(ctx)
	},

	"group_body_and_children_interleave": func(ctx context.Context, log logger) {
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.CreateTask(ctx, yielder(log, "A", 3))
			yielder(log, "body", 2).Await(ctx)
			asyncio.CreateTask(ctx, yielder(log, "B", 1))
			sleep(ctx, 0)
			log("body ends")
			return nil
		})
		log("group ended")
	},

	"group_children_added_during_exit": func(ctx context.Context, log logger) {
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				log("parent start")
				err := sleep(ctx, 1)
				asyncio.CreateTask(ctx, sleeper(log, "grandchild", 2))
				log("parent end")
				return err
			})
			log("body ends")
			return nil
		})
		log("group ended %s", clock(ctx))
	},

	"group_chain_of_children": func(ctx context.Context, log logger) {
		var link func(n int) func(ctx context.Context) error
		link = func(n int) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				log("link %d", n)
				if n < 3 {
					asyncio.Go(ctx, link(n+1))
				}
				return nil
			}
		}
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, link(1))
			return nil
		})
		log("group ended")
	},

	"group_nested_ok": func(ctx context.Context, log logger) {
		inner := func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sleeper(log, "A1", 1))
			asyncio.CreateTask(ctx, sleeper(log, "A2", 2))
			return nil
		}
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, inner) })
			asyncio.CreateTask(ctx, sleeper(log, "B", 3))
			return nil
		})
		log("group ended %s", clock(ctx))
	},

	"group_nested_in_the_body": func(ctx context.Context, log logger) {
		inner := func(ctx context.Context) error {
			asyncio.CreateTask(ctx, failer(log, "inner child", 1))
			return nil
		}
		body := func(ctx context.Context) error {
			asyncio.CreateTask(ctx, sleeper(log, "A", 2))
			result := ended(asyncio.WithTaskGroup(ctx, inner))
			log("inner group %s %s", result, clock(ctx))
			_, err := sleeper(log, "body", 2).Await(ctx)
			return err
		}
		result := ended(asyncio.WithTaskGroup(ctx, body))
		log("outer group %s %s", result, clock(ctx))
	},

	"group_refuses_a_child_after_its_end": func(ctx context.Context, log logger) {
		var inGroup context.Context
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			inGroup = ctx
			asyncio.CreateTask(ctx, yielder(log, "A", 0))
			return nil
		})
		if errors.Is(asyncio.CreateTask(inGroup, yielder(log, "B", 0)).Err(), asyncio.ErrScopeEnded) {
			log("refused")
		} else {
			log("accepted")
		}
	},
}
