package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// tasksOf creates a task of each coroutine.
func tasksOf(ctx context.Context, coros ...asyncio.Coroutine[string]) []*asyncio.Task[string] {
	tasks := make([]*asyncio.Task[string], len(coros))
	for i, coro := range coros {
		tasks[i] = asyncio.CreateTask(ctx, coro)
	}
	return tasks
}

// results logs each result with its time.
func results[A asyncio.Awaitable[string]](ctx context.Context, log logger, aws ...A) {
	for _, r := range asyncio.AsCompleted(ctx, aws...) {
		log("%s %s", outcome(r.Value, r.Err), clock(ctx))
	}
}

// as_completed: the order of the results, timeouts, leaving the loop early.
var asCompletedPrograms = map[string]program{
	"as_completed_in_the_order_of_their_ends": func(ctx context.Context, log logger) {
		results(ctx, log, tasksOf(ctx, sleeper(log, "A", 3), sleeper(log, "B", 1), sleeper(log, "C", 2))...)
	},

	"as_completed_positions": func(ctx context.Context, log logger) {
		tasks := tasksOf(ctx, sleeper(log, "A", 3), sleeper(log, "B", 1), sleeper(log, "C", 2))
		for i := range asyncio.AsCompleted(ctx, tasks...) {
			log("%d is %s %s", i, state(tasks[i]), clock(ctx))
		}
	},

	"as_completed_with_errors": func(ctx context.Context, log logger) {
		results(ctx, log, tasksOf(ctx, failer(log, "A", 3), sleeper(log, "B", 2), failer(log, "C", 1))...)
	},

	"as_completed_with_a_cancelled_one": func(ctx context.Context, log logger) {
		tasks := tasksOf(ctx, sleeper(log, "A", 9), sleeper(log, "B", 2))
		asyncio.LoopOf(ctx).CallLater(seconds(1), func() { tasks[0].Cancel(nil) })
		results(ctx, log, tasks...)
	},

	"as_completed_of_a_coroutine": func(ctx context.Context, log logger) {
		results(ctx, log, sleeper(log, "A", 1))
	},

	"as_completed_of_nothing": func(ctx context.Context, log logger) {
		results[*asyncio.Task[string]](ctx, log)
		log("over %s", clock(ctx))
	},

	"as_completed_of_one_that_is_done": func(ctx context.Context, log logger) {
		tasks := tasksOf(ctx, sleeper(log, "A", 0))
		sleep(ctx, 1)
		results(ctx, log, tasks...)
	},

	"as_completed_two_in_one_turn": func(ctx context.Context, log logger) {
		results(ctx, log, tasksOf(ctx, sleeper(log, "A", 1), sleeper(log, "B", 1), sleeper(log, "C", 1))...)
	},

	"as_completed_while_the_body_awaits": func(ctx context.Context, log logger) {
		for i := range asyncio.AsCompleted(ctx, tasksOf(ctx, sleeper(log, "A", 3), sleeper(log, "B", 1), sleeper(log, "C", 2))...) {
			log("%d %s", i, clock(ctx))
			sleep(ctx, 5)
		}
	},

	"as_completed_with_futures": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		futures := make([]*asyncio.Future[string], 3)
		for i, name := range []string{"A", "B", "C"} {
			futures[i] = asyncio.NewFuture[string](ctx)
			loop.CallLater(seconds([]int{2, 3, 1}[i]), func() { futures[i].SetResult(name) })
		}
		results(ctx, log, futures...)
	},

	"as_completed_in_timeout": func(ctx context.Context, log logger) {
		tasks := tasksOf(ctx, sleeper(log, "A", 1), sleeper(log, "B", 8), sleeper(log, "C", 9))
		limited, cancel := asyncio.WithTimeout(ctx, seconds(2))
		defer cancel()
		results(limited, log, tasks...)
		log("B is %s", state(tasks[1]))
		asyncio.Gather(ctx, tasks...)
	},

	"as_completed_left_early_with_tasks": func(ctx context.Context, log logger) {
		tasks := tasksOf(ctx, sleeper(log, "A", 1), sleeper(log, "B", 2))
		for _, r := range asyncio.AsCompleted(ctx, tasks...) {
			log("%s", outcome(r.Value, r.Err))
			break
		}
		log("left %s, B is %s", clock(ctx), state(tasks[1]))
		result := outcome(tasks[1].Await(ctx))
		log("B %s %s", result, clock(ctx))
	},

	"as_completed_left_early_with_a_coroutine": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 1))
		for _, r := range asyncio.AsCompleted(ctx, []asyncio.Awaitable[string]{task, sleeper(log, "B", 2)}...) {
			log("%s", outcome(r.Value, r.Err))
			break
		}
		log("left %s", clock(ctx))
		sleep(ctx, 5)
	},

	"as_completed_cancelled_leaves_tasks": func(ctx context.Context, log logger) {
		tasks := tasksOf(ctx, sleeper(log, "A", 3), sleeper(log, "B", 4))
		waiter := tell(ctx, log, "waiter", asyncio.Coroutine[string](func(ctx context.Context) (string, error) {
			for _, r := range asyncio.AsCompleted(ctx, tasks...) {
				return r.Value, r.Err
			}
			return "", nil
		}))
		sleep(ctx, 1)
		waiter.Cancel(nil)
		waiter.Await(ctx)
		first := state(tasks[0])
		values, _ := asyncio.Gather(ctx, tasks...)
		log("A is %s: %s", first, show(values))
	},
}
