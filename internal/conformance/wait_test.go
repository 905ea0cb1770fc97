package conformance

import (
	"context"
	"slices"

	"github.com/asyncio-go/asyncio"
)

type named = *asyncio.Task[string]

// taskNames returns the names of tasks, in order.
func taskNames(tasks []named) string {
	names := make([]string, len(tasks))
	for i, task := range tasks {
		names[i] = task.Name()
	}
	slices.Sort(names)
	return show(names)
}

// wait logs the result of Wait with its time. Both lists are filled even after a timeout.
func wait(ctx context.Context, log logger, until asyncio.WaitUntil, tasks ...named) {
	done, pending, _ := asyncio.Wait(ctx, until, tasks...)
	log("wait -> done %s pending %s at %g", taskNames(done), taskNames(pending), now(ctx))
}

// waitAtMost is wait with a timeout, which is a parameter of wait in Python.
func waitAtMost(ctx context.Context, log logger, limit int, tasks ...named) {
	ctx, cancel := asyncio.WithTimeout(ctx, seconds(limit))
	defer cancel()
	wait(ctx, log, asyncio.AllCompleted, tasks...)
}

func create(ctx context.Context, name string, coro asyncio.Coroutine[string]) named {
	return asyncio.CreateTask(ctx, coro, asyncio.Name(name))
}

// wait with each of its three conditions.
var waitPrograms = map[string]program{
	"wait_all_completed": func(ctx context.Context, log logger) {
		a := create(ctx, "A", sleeper(log, "A", 3))
		b := create(ctx, "B", failer(log, "B", 1))
		c := create(ctx, "C", sleeper(log, "C", 2))
		wait(ctx, log, asyncio.AllCompleted, a, b, c)
		for _, task := range []named{a, b, c} {
			log("%s is %s", task.Name(), state(task))
		}
	},

	"wait_first_completed": func(ctx context.Context, log logger) {
		a := create(ctx, "A", sleeper(log, "A", 3))
		b := create(ctx, "B", sleeper(log, "B", 1))
		c := create(ctx, "C", sleeper(log, "C", 2))
		wait(ctx, log, asyncio.FirstCompleted, a, b, c)
		wait(ctx, log, asyncio.AllCompleted, a, b, c)
	},

	"wait_first_completed_two_in_one_turn": func(ctx context.Context, log logger) {
		a := create(ctx, "A", sleeper(log, "A", 1))
		b := create(ctx, "B", sleeper(log, "B", 1))
		c := create(ctx, "C", sleeper(log, "C", 2))
		wait(ctx, log, asyncio.FirstCompleted, a, b, c)
		wait(ctx, log, asyncio.AllCompleted, a, b, c)
	},

	"wait_first_completed_takes_an_error": func(ctx context.Context, log logger) {
		a := create(ctx, "A", failer(log, "A", 1))
		b := create(ctx, "B", sleeper(log, "B", 2))
		wait(ctx, log, asyncio.FirstCompleted, a, b)
		log("A is %s, B is %s", state(a), state(b))
		wait(ctx, log, asyncio.AllCompleted, a, b)
	},

	"wait_first_exception": func(ctx context.Context, log logger) {
		a := create(ctx, "A", sleeper(log, "A", 1))
		b := create(ctx, "B", failer(log, "B", 2))
		c := create(ctx, "C", sleeper(log, "C", 3))
		wait(ctx, log, asyncio.FirstError, a, b, c)
		log("B is %s, C is %s", state(b), state(c))
		wait(ctx, log, asyncio.AllCompleted, a, b, c)
		log("C is %s", state(c))
	},

	"wait_first_exception_without_one": func(ctx context.Context, log logger) {
		a := create(ctx, "A", sleeper(log, "A", 1))
		b := create(ctx, "B", sleeper(log, "B", 2))
		wait(ctx, log, asyncio.FirstError, a, b)
	},

	"wait_first_exception_ignores_a_cancel": func(ctx context.Context, log logger) {
		a := create(ctx, "A", sleeper(log, "A", 10))
		b := create(ctx, "B", sleeper(log, "B", 2))
		c := create(ctx, "C", failer(log, "C", 3))
		asyncio.LoopOf(ctx).CallLater(seconds(1), func() { a.Cancel(nil) })
		wait(ctx, log, asyncio.FirstError, a, b, c)
		log("A is %s, C is %s", state(a), state(c))
	},

	"wait_first_completed_takes_a_cancel": func(ctx context.Context, log logger) {
		a := create(ctx, "A", sleeper(log, "A", 10))
		b := create(ctx, "B", sleeper(log, "B", 2))
		asyncio.LoopOf(ctx).CallLater(seconds(1), func() { a.Cancel(nil) })
		wait(ctx, log, asyncio.FirstCompleted, a, b)
		log("A is %s", state(a))
		wait(ctx, log, asyncio.AllCompleted, a, b)
	},

	"wait_with_timeout": func(ctx context.Context, log logger) {
		a := create(ctx, "A", sleeper(log, "A", 1))
		b := create(ctx, "B", sleeper(log, "B", 3))
		waitAtMost(ctx, log, 2, a, b)
		log("B is %s", state(b))
		waitAtMost(ctx, log, 2, a, b)
	},

	"wait_cancelled_leaves_the_tasks": func(ctx context.Context, log logger) {
		a := create(ctx, "A", sleeper(log, "A", 2))
		b := create(ctx, "B", sleeper(log, "B", 3))
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			_, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, a, b)
			log("waiter: %s", ended(err))
			return nil
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		task.Await(ctx)
		wait(ctx, log, asyncio.AllCompleted, a, b)
	},

	"wait_for_done_tasks": func(ctx context.Context, log logger) {
		a := create(ctx, "A", yielder(log, "A", 0))
		b := create(ctx, "B", yielder(log, "B", 0))
		sleep(ctx, 0)
		turns := countTurns(ctx, log, 4)
		wait(ctx, log, asyncio.AllCompleted, a, b)
		sleep(ctx, 0)
		turns.Await(ctx)
	},

	"wait_turns": func(ctx context.Context, log logger) {
		a := create(ctx, "A", yielder(log, "A", 0))
		b := create(ctx, "B", yielder(log, "B", 1))
		turns := countTurns(ctx, log, 5)
		wait(ctx, log, asyncio.AllCompleted, a, b)
		turns.Await(ctx)
	},
}
