package conformance

import (
	"context"
	"slices"
	"strings"

	"github.com/asyncio-go/asyncio"
)

// The ready queue: which callback runs in which iteration, and in which order.
var schedulingPrograms = map[string]program{
	"call_soon_fifo": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		for _, name := range "abc" {
			loop.CallSoon(say(log, "callback %c", name))
		}
		log("main goes on")
		sleep(ctx, 0)
		log("main again")
	},

	"call_soon_from_callback": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		loop.CallSoon(func() {
			log("first")
			loop.CallSoon(say(log, "made by first"))
		})
		loop.CallSoon(say(log, "second"))
		sleep(ctx, 0)
		log("main again")
		sleep(ctx, 0)
		log("main once more")
	},

	// A due timer joins the queue between iterations. It is before "third" only if the iteration of
	// "second" ended before the callbacks that "second" scheduled.
	"turn_takes_only_what_was_ready": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		loop.CallSoon(func() {
			log("first")
			loop.CallLater(0, say(log, "timer"))
			loop.CallSoon(func() {
				log("second")
				loop.CallSoon(say(log, "third"))
			})
		})
		for range 4 {
			sleep(ctx, 0)
		}
	},

	"call_soon_cancel": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		var c *asyncio.Handle
		loop.CallSoon(func() {
			log("a cancels c")
			c.Cancel()
		})
		b := loop.CallSoon(say(log, "b"))
		c = loop.CallSoon(say(log, "c"))
		loop.CallSoon(say(log, "d"))
		b.Cancel()
		sleep(ctx, 0)
		log("main again")
	},

	"create_task_order": func(ctx context.Context, log logger) {
		var tasks []*asyncio.Task[string]
		for _, name := range []string{"A", "B", "C"} {
			tasks = append(tasks, asyncio.CreateTask(ctx, yielder(log, name, 1)))
			log("created %s", name)
		}
		log("main waits")
		for _, task := range tasks {
			task.Await(ctx)
		}
		log("main again")
	},

	"tasks_and_callbacks_share_the_queue": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		loop.CallSoon(say(log, "callback 1"))
		a := asyncio.CreateTask(ctx, yielder(log, "A", 1))
		loop.CallSoon(say(log, "callback 2"))
		b := asyncio.CreateTask(ctx, yielder(log, "B", 0))
		loop.CallSoon(say(log, "callback 3"))
		a.Await(ctx)
		b.Await(ctx)
		log("main again")
	},

	"task_made_by_a_task_waits_its_turn": func(ctx context.Context, log logger) {
		var made []*asyncio.Task[string]
		parent := func(name string) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				log("%s start", name)
				made = append(made, asyncio.CreateTask(ctx, yielder(log, name+"1", 0)))
				log("%s end", name)
				return nil
			}
		}
		a := asyncio.Go(ctx, parent("A"))
		b := asyncio.Go(ctx, parent("B"))
		a.Await(ctx)
		b.Await(ctx)
		log("main has A and B")
		for _, task := range made {
			task.Await(ctx)
		}
		log("main has all")
	},

	"set_result_never_runs_inline": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[int](ctx)
		fut.OnDone(say(log, "callback"))
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			log("waiter start")
			log("waiter got %s", text(fut.Await(ctx)))
			return nil
		})
		sleep(ctx, 0)
		log("setting")
		fut.SetResult(7)
		log("set")
		task.Await(ctx)
		log("main again")
	},

	"done_callbacks_order": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[string](ctx)
		for _, n := range []int{1, 2, 3} {
			fut.OnDone(func() { log("callback %d sees %s", n, state(fut)) })
		}
		fut.SetResult("x")
		asyncio.LoopOf(ctx).CallSoon(say(log, "scheduled after set_result"))
		log("set")
		sleep(ctx, 0)
		log("main again")
	},

	"done_callback_of_done_future": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[string](ctx)
		fut.SetResult("x")
		asyncio.LoopOf(ctx).CallSoon(say(log, "scheduled before"))
		fut.OnDone(say(log, "callback"))
		log("added")
		sleep(ctx, 0)
		log("main again")
	},

	"done_callback_added_by_done_callback": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[string](ctx)
		fut.OnDone(func() {
			log("first")
			fut.OnDone(say(log, "added by first"))
		})
		fut.OnDone(say(log, "second"))
		fut.SetResult("x")
		sleep(ctx, 0)
		log("main again")
		sleep(ctx, 0)
		log("main once more")
	},

	"callbacks_and_waiters_in_order_of_registration": func(ctx context.Context, log logger) {
		fut := asyncio.NewFuture[string](ctx)
		waiter := func(name string) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				fut.Await(ctx)
				log("waiter %s", name)
				return nil
			}
		}
		fut.OnDone(say(log, "callback 1"))
		a := asyncio.Go(ctx, waiter("A"))
		sleep(ctx, 0)
		fut.OnDone(say(log, "callback 2"))
		b := asyncio.Go(ctx, waiter("B"))
		sleep(ctx, 0)
		fut.OnDone(say(log, "callback 3"))
		fut.SetResult("x")
		a.Await(ctx)
		b.Await(ctx)
		log("main again")
	},

	"waiters_of_a_task_wake_in_order": func(ctx context.Context, log logger) {
		slow := asyncio.CreateTask(ctx, yielder(log, "slow", 3))
		var waiters []*asyncio.Task[struct{}]
		for _, name := range []string{"A", "B", "C"} {
			waiters = append(waiters, asyncio.Go(ctx, func(ctx context.Context) error {
				log("%s waits", name)
				log("%s got %s", name, text(slow.Await(ctx)))
				return nil
			}))
		}
		for _, task := range waiters {
			task.Await(ctx)
		}
	},

	"task_done_callback_runs_a_turn_later": func(ctx context.Context, log logger) {
		task := asyncio.CreateTask(ctx, yielder(log, "A", 1))
		task.OnDone(func() { log("callback sees %s", state(task)) })
		turns := countTurns(ctx, log, 4)
		task.Await(ctx)
		log("main again")
		sleep(ctx, 0)
		turns.Await(ctx)
	},

	"current_task_is_the_running_one": func(ctx context.Context, log logger) {
		inner := func(ctx context.Context) {
			log("inner in %s", asyncio.CurrentTask(ctx).Name())
			sleep(ctx, 0)
			log("inner still in %s", asyncio.CurrentTask(ctx).Name())
		}
		outer := func(ctx context.Context) error {
			log("outer in %s", asyncio.CurrentTask(ctx).Name())
			inner(ctx)
			log("outer still in %s", asyncio.CurrentTask(ctx).Name())
			return nil
		}
		a := asyncio.Go(ctx, outer, asyncio.Name("A"))
		b := asyncio.Go(ctx, outer, asyncio.Name("B"))
		a.Await(ctx)
		b.Await(ctx)
	},

	"all_tasks_lists_the_unfinished": func(ctx context.Context, log logger) {
		names := func() string {
			var found []string
			for _, task := range asyncio.LoopOf(ctx).Tasks() {
				if strings.Contains("ABC", task.Name()) {
					found = append(found, task.Name())
				}
			}
			slices.Sort(found)
			if found == nil {
				return "none"
			}
			return strings.Join(found, " ")
		}
		log("before: %s", names())
		var tasks []*asyncio.Task[string]
		for i, n := range []string{"A", "B", "C"} {
			tasks = append(tasks, asyncio.CreateTask(ctx, yielder(log, n, i), asyncio.Name(n)))
		}
		log("created: %s", names())
		sleep(ctx, 0)
		log("started: %s", names())
		sleep(ctx, 0)
		log("a turn later: %s", names())
		for _, task := range tasks {
			task.Await(ctx)
		}
		log("at the end: %s", names())
	},
}
