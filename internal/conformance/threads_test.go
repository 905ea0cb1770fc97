package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// Other threads: to_thread, call_soon_threadsafe, run_coroutine_threadsafe.
//
// Every program is deterministic: no other part of the program runs while the other thread works.
var threadPrograms = map[string]program{
	"to_thread_result_and_error": func(ctx context.Context, log logger) {
		good := func(context.Context) (int, error) { return 42, nil }
		bad := func(context.Context) (int, error) { return 0, boom("in the thread") }
		log("good %s", outcome(asyncio.ToThread(ctx, good)))
		log("bad %s", outcome(asyncio.ToThread(ctx, bad)))
	},

	"to_thread_leaves_the_loop_free": func(ctx context.Context, log logger) {
		release := make(chan struct{})
		block := func(context.Context) (string, error) {
			<-release
			return "released", nil
		}
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			log("waiter %s", outcome(asyncio.ToThread(ctx, block)))
			return nil
		})
		sleep(ctx, 0)
		yielder(log, "main", 3).Await(ctx)
		close(release)
		task.Await(ctx)
	},

	"to_thread_cancelled": func(ctx context.Context, log logger) {
		release := make(chan struct{})
		block := func(context.Context) (string, error) {
			<-release
			return "released", nil
		}
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			log("waiter %s", outcome(asyncio.ToThread(ctx, block)))
			return nil
		})
		sleep(ctx, 0)
		task.Cancel(nil)
		yielder(log, "main", 3).Await(ctx)
		log("main releases the thread")
		close(release)
		task.Await(ctx)
		log("main again")
	},

	"call_soon_threadsafe_from_a_thread": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		log("main %s", outcome(asyncio.ToThread(ctx, func(context.Context) (string, error) {
			for _, n := range []int{1, 2, 3} {
				if err := loop.CallSoonThreadsafe(say(log, "callback %d", n)); err != nil {
					return "", err
				}
			}
			return "posted", nil
		})))
	},

	"call_soon_threadsafe_on_the_loop": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		loop.CallSoon(say(log, "callback 1"))
		loop.CallSoonThreadsafe(say(log, "callback 2"))
		loop.CallSoon(say(log, "callback 3"))
		log("main waits")
		sleep(ctx, 0)
		sleep(ctx, 0)
		log("main again")
	},

	"run_coroutine_threadsafe_result": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		log("main %s", outcome(asyncio.ToThread(ctx, func(ctx context.Context) (string, error) {
			return asyncio.Submit(loop, yielder(log, "A", 2)).Await(ctx)
		})))
	},

	"run_coroutine_threadsafe_error": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		log("main %s", outcome(asyncio.ToThread(ctx, func(ctx context.Context) (string, error) {
			return asyncio.Submit(loop, fails(log, "A")).Await(ctx)
		})))
	},

	"run_coroutine_threadsafe_in_order": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		log("main %s", outcome(asyncio.ToThread(ctx, func(ctx context.Context) ([]string, error) {
			var tasks []*asyncio.Task[string]
			for _, name := range []string{"A", "B", "C"} {
				tasks = append(tasks, asyncio.Submit(loop, yielder(log, name, 0)))
			}
			var results []string
			for _, task := range tasks {
				result, err := task.Await(ctx)
				if err != nil {
					return nil, err
				}
				results = append(results, result)
			}
			return results, nil
		})))
	},

	"run_coroutine_threadsafe_cancel": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		started := make(chan struct{})
		wait := func(ctx context.Context) (struct{}, error) {
			close(started)
			_, err := asyncio.NewFuture[struct{}](ctx).Await(ctx)
			if err != nil {
				log("A cancelled")
			}
			return struct{}{}, err
		}
		asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
			task := asyncio.Submit(loop, wait)
			<-started
			task.Cancel(nil)
			return struct{}{}, nil
		})
		sleep(ctx, 0)
		log("main again")
	},

	"future_set_by_call_soon_threadsafe": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		fut := asyncio.NewFuture[string](ctx)
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			return asyncio.ToThread(ctx, func(context.Context) (string, error) {
				err := loop.CallSoonThreadsafe(func() { fut.SetResult("from the thread") })
				return "thread ended", err
			})
		})
		log("future %s", outcome(fut.Await(ctx)))
		log("task %s", outcome(task.Await(ctx)))
	},
}
