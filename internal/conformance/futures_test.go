package conformance

import (
	"context"
	"errors"

	"github.com/asyncio-go/asyncio"
)

// accepted reports whether a future accepted a result.
func accepted(ok bool) string {
	if ok {
		return "accepted"
	}
	return "refused"
}

// Futures.
var futurePrograms = map[string]program{
	"future_waiters_wake_in_order": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		var tasks []*asyncio.Task[struct{}]
		for _, name := range []string{"A", "B", "C"} {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				log("%s waits", name)
				log("%s %s", name, outcome(fut.Await(ctx)))
				return nil
			}))
		}
		sleep(ctx, 0)
		fut.SetResult(1)
		log("set")
		for _, task := range tasks {
			task.Await(ctx)
		}
	},

	"future_set_error_reaches_every_waiter": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		var tasks []*asyncio.Task[struct{}]
		for _, name := range []string{"A", "B"} {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				log("%s %s", name, outcome(fut.Await(ctx)))
				return nil
			}))
		}
		sleep(ctx, 0)
		fut.SetError(boom("broken"))
		for _, task := range tasks {
			task.Await(ctx)
		}
		log("again %s", outcome(fut.Await(ctx)))
		log("future is %s", state(fut))
	},

	"future_set_twice": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		log("first set %s", accepted(fut.SetResult(1)))
		log("second set %s", accepted(fut.SetResult(2)))
		log("error %s", accepted(fut.SetError(boom("late"))))
		log("await %s", outcome(fut.Await(ctx)))
	},

	"future_set_error_then_result": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		log("error %s", accepted(fut.SetError(boom("first"))))
		log("result %s", accepted(fut.SetResult(1)))
		log("await %s", outcome(fut.Await(ctx)))
	},

	"future_cancel": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		var tasks []*asyncio.Task[struct{}]
		for _, name := range []string{"A", "B"} {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				log("%s %s", name, outcome(fut.Await(ctx)))
				err := sleep(ctx, 0)
				log("%s goes on", name)
				return err
			}))
		}
		sleep(ctx, 0)
		log("cancel: %t", fut.Cancel(nil))
		log("cancel: %t", fut.Cancel(nil))
		for _, task := range tasks {
			task.Await(ctx)
		}
		log("future is %s", state(fut))
	},

	"future_set_after_cancel": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		fut.Cancel(nil)
		log("result %s", accepted(fut.SetResult(1)))
		log("error %s", accepted(fut.SetError(boom("late"))))
		log("await %s", outcome(fut.Await(ctx)))
	},

	"future_cancel_after_set": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		fut.SetResult(1)
		log("cancel: %t", fut.Cancel(nil))
		log("future is %s", state(fut))
	},

	"future_result_while_pending": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		if _, err := fut.Result(); errors.Is(err, asyncio.ErrNotDone) {
			log("result: not done")
		}
		log("future is %s", state(fut))
		fut.SetResult(3)
		log("result: %s", text(fut.Result()))
	},

	"future_callbacks_on_cancel": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		fut.OnDone(func() { log("callback 1 sees %s", state(fut)) })
		fut.OnDone(func() { log("callback 2 sees %s", state(fut)) })
		fut.Cancel(nil)
		log("cancelled")
		sleep(ctx, 0)
	},

	"future_of_a_cancelled_waiter": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			log("waiter %s", outcome(fut.Await(ctx)))
			return nil
		})
		sleep(ctx, 0)
		task.Cancel(nil)
		sleep(ctx, 0)
		sleep(ctx, 0)
		log("future is %s", state(fut))
	},

	"future_ping_pong": func(ctx context.Context, log logger) {
		ping, pong := asyncio.NewFuture[string](ctx), asyncio.NewFuture[string](ctx)
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			log("player got %s", text(ping.Await(ctx)))
			pong.SetResult("pong")
			log("player set pong")
			return nil
		})
		sleep(ctx, 0)
		ping.SetResult("ping")
		log("main set ping")
		log("main got %s", text(pong.Await(ctx)))
		task.Await(ctx)
	},

	"future_set_by_callback_chain": func(ctx context.Context, log logger) {
		var futs []*asyncio.Future[int]
		for range 4 {
			futs = append(futs, asyncio.NewFuture[int](ctx))
		}
		var tasks []*asyncio.Task[struct{}]
		for n := range futs {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				log("waiter %d got %s", n, text(futs[n].Await(ctx)))
				if n+1 < len(futs) {
					futs[n+1].SetResult(n + 1)
				}
				return nil
			}))
		}
		sleep(ctx, 0)
		asyncio.LoopOf(ctx).CallSoon(func() { futs[0].SetResult(0) })
		for _, task := range tasks {
			task.Await(ctx)
		}
		log("main again")
	},
}
