package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// gather, with and without return_exceptions.
var gatherPrograms = map[string]program{
	"gather_results_in_argument_order": func(ctx context.Context, log logger) {
		log("gather -> %s", text(asyncio.Gather(ctx, sleeper(log, "A", 3), sleeper(log, "B", 1), sleeper(log, "C", 2))))
	},

	"gather_nothing": func(ctx context.Context, log logger) {
		turns := countTurns(ctx, log, 2)
		log("gather -> %s", text(asyncio.Gather[string, asyncio.Coroutine[string]](ctx)))
		sleep(ctx, 0)
		log("main again")
		turns.Await(ctx)
	},

	"gather_coroutines_and_tasks": func(ctx context.Context, log logger) {
		b := asyncio.CreateTask(ctx, yielder(log, "B", 2))
		aws := []asyncio.Awaitable[string]{yielder(log, "A", 1), b, yielder(log, "C", 0)}
		log("gather -> %s", text(asyncio.Gather(ctx, aws...)))
	},

	"gather_starts_nothing_inline": func(ctx context.Context, log logger) {
		asyncio.LoopOf(ctx).CallSoon(say(log, "callback"))
		log("gather -> %s", text(asyncio.Gather(ctx, yielder(log, "A", 0), yielder(log, "B", 0))))
	},

	"gather_turns": func(ctx context.Context, log logger) {
		turns := countTurns(ctx, log, 4)
		asyncio.Gather(ctx, yielder(log, "A", 0), yielder(log, "B", 0))
		log("main again")
		turns.Await(ctx)
	},

	"gather_of_done_tasks": func(ctx context.Context, log logger) {
		var tasks []*asyncio.Task[string]
		for _, name := range []string{"A", "B"} {
			tasks = append(tasks, asyncio.CreateTask(ctx, yielder(log, name, 0)))
		}
		sleep(ctx, 0)
		turns := countTurns(ctx, log, 4)
		log("gather -> %s", text(asyncio.Gather(ctx, tasks...)))
		sleep(ctx, 0)
		turns.Await(ctx)
	},

	"gather_same_task_twice": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 1))
		log("gather -> %s", text(asyncio.Gather(ctx, task, task)))
	},

	"gather_nested": func(ctx context.Context, log logger) {
		pair := func(name string, d int) asyncio.Coroutine[[]string] {
			return func(ctx context.Context) ([]string, error) {
				results, err := asyncio.Gather(ctx, sleeper(log, name+"1", d), sleeper(log, name+"2", d+1))
				log("%s -> %s", name, text(results, err))
				return results, err
			}
		}
		log("gather -> %s", text(asyncio.Gather(ctx, pair("A", 4), pair("B", 1))))
	},

	"gather_futures": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		a, b := asyncio.NewFuture[string](ctx), asyncio.NewFuture[string](ctx)
		loop.CallLater(seconds(2), func() {
			log("sets a")
			a.SetResult("a")
		})
		loop.CallLater(seconds(1), func() {
			log("sets b")
			b.SetResult("b")
		})
		results := text(asyncio.Gather(ctx, a, b))
		log("gather -> %s at %g", results, now(ctx))
	},

	"gather_return_exceptions_all_fail": func(ctx context.Context, log logger) {
		log("gather -> %s", showResults(asyncio.GatherResults(ctx, failer(log, "A", 2), failer(log, "B", 1))))
	},

	"gather_return_exceptions": func(ctx context.Context, log logger) {
		c := asyncio.CreateTask(ctx, sleeper(log, "C", 10))
		asyncio.LoopOf(ctx).CallLater(seconds(2), func() { c.Cancel(nil) })
		aws := []asyncio.Awaitable[string]{sleeper(log, "A", 3), failer(log, "B", 1), c}
		log("gather -> %s", showResults(asyncio.GatherResults(ctx, aws...)))
	},
}
