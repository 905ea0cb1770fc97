package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// within awaits with a timeout.
func within[T any](ctx context.Context, limit int, aw asyncio.Awaitable[T]) (T, error) {
	ctx, cancel := asyncio.WithTimeout(ctx, seconds(limit))
	defer cancel()
	return aw.Await(ctx)
}

// block logs the outcome of within with its time.
func block[T any](ctx context.Context, log logger, limit int, aw asyncio.Awaitable[T]) {
	result := outcome(within(ctx, limit, aw))
	log("block %s %s", result, clock(ctx))
}

// timeout and timeout_at around a block.
var timeoutPrograms = map[string]program{
	"timeout_in_time": func(ctx context.Context, log logger) {
		block(ctx, log, 2, sleeper(log, "A", 1))
		sleep(ctx, 5)
		log("main goes on %s", clock(ctx))
	},

	"timeout_late": func(ctx context.Context, log logger) {
		block(ctx, log, 2, sleeper(log, "A", 9))
		log("%s", text(sleeper(log, "B", 1).Await(ctx)))
	},

	"timeout_zero": func(ctx context.Context, log logger) {
		block(ctx, log, 0, asyncio.Coroutine[string](func(ctx context.Context) (string, error) {
			log("block runs up to its first await")
			return sleeper(log, "A", 1).Await(ctx)
		}))
	},

	"timeout_zero_without_await": func(ctx context.Context, log logger) {
		body := asyncio.Coroutine[int](func(context.Context) (int, error) {
			log("block")
			return 1, nil
		})
		log("block %s", outcome(within(ctx, 0, body)))
		sleep(ctx, 0)
		log("main goes on")
	},

	"timeout_at_absolute": func(ctx context.Context, log logger) {
		sleep(ctx, 1)
		limited, cancel := asyncio.WithDeadline(ctx, asyncio.LoopOf(ctx).Now().Add(seconds(2)))
		defer cancel()
		result := outcome(sleeper(log, "A", 9).Await(limited))
		log("block %s %s", result, clock(ctx))
	},

	"timeout_swallowed": func(ctx context.Context, log logger) {
		block(ctx, log, 2, stubborn(log, "A", 9))
		sleep(ctx, 1)
		log("main goes on %s", clock(ctx))
	},

	"timeout_waits_for_cleanup": func(ctx context.Context, log logger) {
		block(ctx, log, 2, cleaner(log, "A", 9, 3))
	},

	"timeout_own_error": func(ctx context.Context, log logger) {
		block(ctx, log, 2, failer(log, "A", 1))
		sleep(ctx, 5)
		log("main goes on %s", clock(ctx))
	},

	"timeout_nested_inner_first": func(ctx context.Context, log logger) {
		body := asyncio.Coroutine[string](func(ctx context.Context) (string, error) {
			result := outcome(within(ctx, 1, sleeper(log, "A", 9)))
			log("inner %s %s", result, clock(ctx))
			return sleeper(log, "B", 9).Await(ctx)
		})
		result := outcome(within(ctx, 3, body))
		log("outer %s %s", result, clock(ctx))
	},

	"timeout_nested_outer_first": func(ctx context.Context, log logger) {
		body := asyncio.Proc(func(ctx context.Context) error {
			_, err := within(ctx, 3, sleeper(log, "A", 9))
			if err != nil {
				log("inner cancelled")
			}
			return err
		})
		result := outcome(within(ctx, 1, body))
		log("outer %s %s", result, clock(ctx))
	},

	"timeout_cancelled_from_outside": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := within(ctx, 5, sleeper(log, "A", 9))
			if err != nil {
				log("block %s %s", describe(err), clock(ctx))
			}
			return err
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		log("task %s", outcome(task.Await(ctx)))
	},

	"timeout_and_cancel_in_one_turn": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			if _, err := within(ctx, 2, sleeper(log, "A", 9)); err != nil {
				log("block %s", describe(err))
			}
			log("next await %s", ended(sleep(ctx, 1)))
			return nil
		})
		sleep(ctx, 0)
		asyncio.LoopOf(ctx).CallLater(seconds(2), func() { task.Cancel(nil) })
		log("task %s", outcome(task.Await(ctx)))
	},

	"timeout_of_awaited_task": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, sleeper(log, "A", 3))
		block(ctx, log, 2, task)
		result := outcome(task.Await(ctx))
		log("A %s %s", result, clock(ctx))
	},

	"timeout_several_in_a_row": func(ctx context.Context, log logger) {
		for i, name := range []string{"A1", "A2", "A3"} {
			result := outcome(within(ctx, 2, sleeper(log, name, i+1)))
			log("block %d %s %s", i+1, result, clock(ctx))
		}
	},

	"timeout_in_two_tasks": func(ctx context.Context, log logger) {
		limited := func(name string, delay int) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				result := outcome(within(ctx, delay, sleeper(log, name, 2)))
				log("%s %s %s", name, result, clock(ctx))
				return nil
			}
		}
		a, b := asyncio.Go(ctx, limited("A", 3)), asyncio.Go(ctx, limited("B", 1))
		a.Await(ctx)
		b.Await(ctx)
	},

	"timeout_at_in_the_past": func(ctx context.Context, log logger) {
		sleep(ctx, 2)
		limited, cancel := asyncio.WithDeadline(ctx, asyncio.LoopOf(ctx).Now().Add(-seconds(1)))
		defer cancel()
		result := outcome(sleeper(log, "A", 9).Await(limited))
		log("block %s %s", result, clock(ctx))
	},

	"timeout_nested_of_one_instant": func(ctx context.Context, log logger) {
		result := outcome(within(ctx, 3, asyncio.Proc(func(ctx context.Context) error {
			log("inner %s", outcome(within(ctx, 2, asyncio.Proc(func(ctx context.Context) error { return sleep(ctx, 9) }))))
			return nil
		})))
		log("outer %s %s", result, clock(ctx))
	},

	"timeout_in_the_cleanup_of_a_cancelled_task": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			err := sleep(ctx, 9)
			if err != nil {
				cleanup := outcome(within(context.WithoutCancel(ctx), 2, asyncio.Proc(func(ctx context.Context) error { return sleep(ctx, 5) })))
				log("cleanup %s %s", cleanup, clock(ctx))
			}
			return err
		})
		sleep(ctx, 1)
		task.Cancel(nil)
		log("task %s", outcome(task.Await(ctx)))
	},

	"timeout_around_a_group_with_an_error_on_the_way_out": func(ctx context.Context, log logger) {
		block(ctx, log, 2, asyncio.Proc(func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.CreateTask(ctx, sleeper(log, "A", 9))
				asyncio.CreateTask(ctx, sore(log, "B"))
				return nil
			})
		}))
		result := ended(sleep(ctx, 1))
		log("next await %s %s", result, clock(ctx))
	},
}
