package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// Cancelling tasks.
var taskCancelPrograms = map[string]program{
	"cancel_before_first_step": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 1))
		cancelled := task.Cancel(nil)
		log("cancel: %t, %s", cancelled, state(task))
		log("main: %s", outcome(task.Await(ctx)))
		log("A is %s", state(task))
	},

	"cancel_before_first_step_turns": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 1))
		task.Cancel(nil)
		turns := countTurns(ctx, log, 3)
		log("main: %s", outcome(task.Await(ctx)))
		turns.Await(ctx)
	},

	"cancel_while_sleeping": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 10))
		sleep(ctx, 1)
		log("cancel: %t", task.Cancel(nil))
		log("A is %s", state(task))
		log("main: %s", outcome(task.Await(ctx)))
		log("A is %s at %g", state(task), now(ctx))
	},

	"cancel_is_delivered_next_turn": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 10))
		sleep(ctx, 0)
		turns := countTurns(ctx, log, 3)
		task.Cancel(nil)
		task.Await(ctx)
		log("main again")
		turns.Await(ctx)
	},

	"cancel_several_in_order": func(ctx context.Context, log logger) {
		var tasks []*asyncio.Task[string]
		for _, name := range []string{"A", "B", "C"} {
			tasks = append(tasks, asyncio.CreateTask(ctx, sleeper(log, name, 10)))
		}
		sleep(ctx, 0)
		for _, i := range []int{2, 0, 1} {
			tasks[i].Cancel(nil)
		}
		for _, task := range tasks {
			log("main: %s", outcome(task.Await(ctx)))
		}
	},

	"cancel_done_task": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, yielder(log, "A", 0))
		log("main: %s", outcome(task.Await(ctx)))
		log("cancel: %t", task.Cancel(nil))
		log("main: %s", outcome(task.Await(ctx)))
		log("A is %s", state(task))
	},

	"cancel_twice_is_delivered_once": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 10))
		sleep(ctx, 0)
		log("cancel: %t %t", task.Cancel(nil), task.Cancel(nil))
		log("main: %s", outcome(task.Await(ctx)))
		log("cancel: %t", task.Cancel(nil))
	},

	"cancel_a_task_between_turns": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, yielder(log, "A", 3))
		sleep(ctx, 0)
		sleep(ctx, 0)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
	},

	// The timer that cancels is older than the sleep's and fires first.
	"cancel_at_the_instant_a_sleep_ends": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 1))
		asyncio.LoopOf(ctx).CallLater(seconds(1), func() { log("cancel: %t", task.Cancel(nil)) })
		log("main: %s", outcome(task.Await(ctx)))
	},

	"cancel_swallowed": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, stubborn(log, "A", 10))
		sleep(ctx, 1)
		log("cancel: %t", task.Cancel(nil))
		log("main: %s", outcome(task.Await(ctx)))
		log("A is %s", state(task))
	},

	"cancel_swallowed_then_awaits": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			for _, n := range []int{1, 2, 3} {
				if err := sleep(ctx, 1); err != nil {
					log("sleep %d cancelled", n)
				} else {
					log("sleep %d ended", n)
				}
			}
			return "deaf", nil
		})
		sleep(ctx, 0)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
	},

	"cancel_turned_into_error": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sore(log, "A"))
		sleep(ctx, 0)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
		log("A is %s", state(task))
	},

	"cancel_waits_for_cleanup": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, cleaner(log, "A", 10, 2))
		sleep(ctx, 1)
		task.Cancel(nil)
		result := outcome(task.Await(ctx))
		log("main: %s at %g", result, now(ctx))
	},

	"cancel_reaches_the_innermost_coroutine": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := sleeper(log, "inner", 10).Await(ctx)
			if err != nil {
				log("outer cancelled")
			}
			return err
		})
		sleep(ctx, 0)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
	},

	"cancel_of_a_task_about_to_resume": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			v, err := fut.Await(ctx)
			if err == nil {
				log("waiter got %d", v)
				err = sleep(ctx, 0)
			}
			if err != nil {
				log("waiter cancelled")
				return err
			}
			log("waiter went on")
			return nil
		})
		sleep(ctx, 0)
		fut.SetResult(7)
		log("cancel: %t", task.Cancel(nil))
		log("main: %s", outcome(task.Await(ctx)))
	},

	"cancel_of_a_task_about_to_resume_with_its_result": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return fut.Await(ctx) })
		sleep(ctx, 0)
		fut.SetResult(7)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
	},

	"self_cancel_then_await": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			log("cancel: %t", asyncio.CurrentTask(ctx).Cancel(nil))
			log("goes on until the next await")
			if err := sleep(ctx, 1); err != nil {
				log("sleep cancelled")
				return err
			}
			log("not reached")
			return nil
		})
		log("main: %s", outcome(task.Await(ctx)))
		log("selfish is %s", state(task))
	},

	"self_cancel_then_return": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			asyncio.CurrentTask(ctx).Cancel(nil)
			log("returns")
			return 42, nil
		})
		log("main: %s", outcome(task.Await(ctx)))
		log("selfish is %s", state(task))
	},

	// A task that returns the cancellation error of the awaited task counts as cancelled in
	// CPython.
	"waiter_without_handler_ends_cancelled": func(ctx context.Context, log logger) {
		slow := asyncio.CreateTask(ctx, sleeper(log, "slow", 10))
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := slow.Await(ctx)
			return err
		})
		sleep(ctx, 1)
		slow.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
		log("waiter is %s", cancelledOrFailed(task))
	},

	"cancel_a_waiter_of_a_foreign_task": func(ctx context.Context, log logger) {
		slow := asyncio.CreateTask(ctx, sleeper(log, "slow", 3))
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := slow.Await(ctx)
			if err != nil {
				log("waiter cancelled")
			}
			return err
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
		sleep(ctx, 5)
		log("slow is %s", state(slow))
	},

	"cancel_a_waiter_of_its_own_task": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			inner := asyncio.CreateTask(ctx, sleeper(log, "inner", 10))
			_, err := inner.Await(ctx)
			if err != nil {
				log("outer cancelled")
			}
			return err
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
	},

	"cancel_of_a_task_that_made_another": func(ctx context.Context, log logger) {
		var inner *asyncio.Task[string]
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			inner = asyncio.CreateTask(ctx, sleeper(log, "inner", 3))
			_, err := sleeper(log, "outer", 10).Await(ctx)
			return err
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		log("main: %s", outcome(task.Await(ctx)))
		log("inner: %s", outcome(inner.Await(ctx)))
	},

	"cancel_from_callback_and_from_sibling": func(ctx context.Context, log logger) {
		a := asyncio.CreateTask(ctx, sleeper(log, "A", 10))
		b := asyncio.CreateTask(ctx, sleeper(log, "B", 10))
		c := asyncio.Go(ctx, func(ctx context.Context) error {
			err := sleep(ctx, 1)
			log("sibling cancels B: %t", b.Cancel(nil))
			return err
		})
		asyncio.LoopOf(ctx).CallLater(seconds(2), func() { log("callback cancels A: %t", a.Cancel(nil)) })
		log("main: %s", outcome(a.Await(ctx)))
		log("main: %s", outcome(b.Await(ctx)))
		log("main: %s", outcome(c.Await(ctx)))
	},
}
