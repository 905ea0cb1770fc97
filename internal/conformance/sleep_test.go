package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// The number of iterations that an await takes: one for sleep(0), none for a done future.
var sleepPrograms = map[string]program{
	"sleep0_interleaves": func(ctx context.Context, log logger) {
		a := asyncio.CreateTask(ctx, yielder(log, "A", 3))
		b := asyncio.CreateTask(ctx, yielder(log, "B", 3))
		a.Await(ctx)
		b.Await(ctx)
		log("main again")
	},

	"sleep0_different_counts": func(ctx context.Context, log logger) {
		tasks := []*asyncio.Task[string]{
			asyncio.CreateTask(ctx, yielder(log, "A", 4)),
			asyncio.CreateTask(ctx, yielder(log, "B", 1)),
			asyncio.CreateTask(ctx, yielder(log, "C", 2)),
			asyncio.CreateTask(ctx, yielder(log, "D", 0)),
		}
		for _, task := range tasks {
			log("main has %s", text(task.Await(ctx)))
		}
	},

	"sleep0_is_one_turn": func(ctx context.Context, log logger) {
		turns := countTurns(ctx, log, 4)
		for _, n := range []int{1, 2, 3} {
			sleep(ctx, 0)
			log("main after %d", n)
		}
		turns.Await(ctx)
	},

	"sleep_negative_is_one_turn": func(ctx context.Context, log logger) {
		turns := countTurns(ctx, log, 3)
		sleep(ctx, -5)
		log("main after sleep(-5)")
		sleep(ctx, -1)
		log("main after sleep(-1)")
		turns.Await(ctx)
	},

	"sleep0_against_callbacks": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		loop.CallSoon(say(log, "callback before"))
		task := asyncio.CreateTask(ctx, yielder(log, "A", 1))
		sleep(ctx, 0)
		log("main 1")
		loop.CallSoon(say(log, "callback after"))
		sleep(ctx, 0)
		log("main 2")
		task.Await(ctx)
	},

	"await_done_task_costs_nothing": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, yielder(log, "A", 0))
		sleep(ctx, 0)
		turns := countTurns(ctx, log, 2)
		for _, n := range []int{1, 2, 3} {
			log("await %d: %s", n, text(task.Await(ctx)))
		}
		sleep(ctx, 0)
		log("main again")
		turns.Await(ctx)
	},

	"await_done_future_costs_nothing": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		fut.SetResult(5)
		turns := countTurns(ctx, log, 2)
		log("await 1: %s", text(fut.Await(ctx)))
		log("await 2: %s", text(fut.Await(ctx)))
		sleep(ctx, 0)
		log("main again")
		turns.Await(ctx)
	},

	"await_coroutine_runs_inline": func(ctx context.Context, log logger) {
		three := asyncio.Coroutine[int](func(context.Context) (int, error) {
			log("three")
			return 3, nil
		})
		add := func(n int) asyncio.Coroutine[int] {
			return func(ctx context.Context) (int, error) {
				log("add")
				m, err := three.Await(ctx)
				return n + m, err
			}
		}
		turns := countTurns(ctx, log, 2)
		log("got %s", text(add(4).Await(ctx)))
		sleep(ctx, 0)
		log("main again")
		turns.Await(ctx)
	},

	"await_coroutine_pays_only_for_its_awaits": func(ctx context.Context, log logger) {
		leaf := asyncio.Proc(func(ctx context.Context) error {
			err := sleep(ctx, 0)
			log("leaf")
			return err
		})
		branch := asyncio.Proc(func(ctx context.Context) error {
			leaf.Await(ctx)
			log("branch")
			_, err := leaf.Await(ctx)
			return err
		})
		turns := countTurns(ctx, log, 3)
		branch.Await(ctx)
		log("main again")
		turns.Await(ctx)
	},

	"coroutine_starts_when_awaited": func(ctx context.Context, log logger) {
		coro := yielder(log, "coroutine", 0)
		task := asyncio.CreateTask(ctx, yielder(log, "task", 0))
		log("both made")
		sleep(ctx, 0)
		log("one turn later")
		log("got %s", text(coro.Await(ctx)))
		log("got %s", text(task.Await(ctx)))
	},

	"await_new_task_takes_two_turns": func(ctx context.Context, log logger) {
		turns := countTurns(ctx, log, 3)
		task := asyncio.CreateTask(ctx, yielder(log, "A", 0))
		task.Await(ctx)
		log("main again")
		turns.Await(ctx)
	},

	"chain_of_tasks": func(ctx context.Context, log logger) {
		var link func(n int) func(ctx context.Context) error
		link = func(n int) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				log("link %d start", n)
				if n < 3 {
					asyncio.Go(ctx, link(n+1)).Await(ctx)
				}
				log("link %d end", n)
				return nil
			}
		}
		turns := countTurns(ctx, log, 7)
		link(0)(ctx)
		log("main again")
		turns.Await(ctx)
	},

	"sleepers_wake_by_deadline": func(ctx context.Context, log logger) {
		tasks := []*asyncio.Task[string]{
			asyncio.CreateTask(ctx, sleeper(log, "A", 3)),
			asyncio.CreateTask(ctx, sleeper(log, "B", 1)),
			asyncio.CreateTask(ctx, sleeper(log, "C", 2)),
		}
		for _, task := range tasks {
			name := text(task.Await(ctx))
			log("%s at %g", name, now(ctx))
		}
	},

	"sleepers_of_one_instant_wake_in_order": func(ctx context.Context, log logger) {
		var tasks []*asyncio.Task[string]
		for _, name := range []string{"A", "B", "C"} {
			tasks = append(tasks, asyncio.CreateTask(ctx, sleeper(log, name, 1)))
		}
		for _, task := range tasks {
			task.Await(ctx)
		}
		log("main again")
	},

	"sequence_takes_longer_than_tasks": func(ctx context.Context, log logger) {
		for _, name := range []string{"A", "B", "C"} {
			sleeper(log, name, 2).Await(ctx)
		}
		log("one after the other: %g", now(ctx))
		var tasks []*asyncio.Task[string]
		for _, name := range []string{"D", "E", "F"} {
			tasks = append(tasks, asyncio.CreateTask(ctx, sleeper(log, name, 2)))
		}
		for _, task := range tasks {
			task.Await(ctx)
		}
		log("together: %g", now(ctx))
	},
}
