package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

type userKey struct{}

func withUser(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, userKey{}, name)
}

// sees logs the user that a coroutine has in its context.
func sees(log logger, who string) asyncio.Proc {
	return func(ctx context.Context) error {
		user, ok := ctx.Value(userKey{}).(string)
		if !ok {
			user = "nobody"
		}
		log("%s sees %s", who, user)
		return nil
	}
}

// The inherited values of a task: context variables in Python, values of ctx here.
var contextPrograms = map[string]program{
	"context_of_the_creator": func(ctx context.Context, log logger) {
		early := asyncio.Go(ctx, sees(log, "early"))
		ctx = withUser(ctx, "Ada")
		late := asyncio.Go(ctx, sees(log, "late"))
		ctx = withUser(ctx, "Alan")
		sees(log, "main")(ctx)
		early.Await(ctx)
		late.Await(ctx)
	},

	"context_set_in_a_task_stays_there": func(ctx context.Context, log logger) {
		ctx = withUser(ctx, "Alan")
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			ctx = withUser(ctx, "Ada")
			sleep(ctx, 1)
			return sees(log, "task")(ctx)
		})
		sleep(ctx, 2)
		sees(log, "main")(ctx)
		task.Await(ctx)
	},

	"context_of_the_children_of_a_group": func(ctx context.Context, log logger) {
		asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			ctx = withUser(ctx, "Ada")
			asyncio.Go(ctx, func(ctx context.Context) error {
				sleep(ctx, 1)
				sees(log, "child")(ctx)
				asyncio.Go(ctx, sees(log, "grandchild"))
				return nil
			})
			return nil
		})
	},
}
