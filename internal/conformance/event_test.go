package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// Event: which tasks are woken, in which iteration, and cancellation.
var eventPrograms = map[string]program{
	"event_set_wakes_all_in_order": func(ctx context.Context, log logger) {
		var event asyncio.Event
		tasks := tellAll(ctx, log, "ABCD", asyncio.Proc(event.Wait))
		sleep(ctx, 1)
		log("set %v", event.IsSet())
		event.Set()
		log("set %v", event.IsSet())
		all(ctx, tasks)
	},

	"event_set_and_clear_in_one_turn": func(ctx context.Context, log logger) {
		var event asyncio.Event
		tasks := tellAll(ctx, log, "AB", asyncio.Proc(event.Wait))
		sleep(ctx, 1)
		event.Set()
		event.Clear()
		late := tell(ctx, log, "late", inTime(3, asyncio.Proc(event.Wait)))
		all(ctx, tasks)
		late.Await(ctx)
		log("set %v %s", event.IsSet(), clock(ctx))
	},

	"event_wait_for_a_set_one_costs_nothing": func(ctx context.Context, log logger) {
		var event asyncio.Event
		event.Set()
		turns := countTurns(ctx, log, 2)
		for n := range 3 {
			log("wait %d %s", n, ended(event.Wait(ctx)))
		}
		turns.Await(ctx)
	},

	"event_set_turns": func(ctx context.Context, log logger) {
		var event asyncio.Event
		task := tell(ctx, log, "A", asyncio.Proc(event.Wait))
		sleep(ctx, 0)
		turns := countTurns(ctx, log, 3)
		event.Set()
		task.Await(ctx)
		turns.Await(ctx)
	},

	"event_cancel_a_waiter": func(ctx context.Context, log logger) {
		var event asyncio.Event
		tasks := tellAll(ctx, log, "ABC", asyncio.Proc(event.Wait))
		sleep(ctx, 1)
		tasks[1].Cancel(nil)
		sleep(ctx, 1)
		event.Set()
		all(ctx, tasks)
	},

	"event_cancel_then_set_in_one_turn": func(ctx context.Context, log logger) {
		var event asyncio.Event
		tasks := tellAll(ctx, log, "AB", asyncio.Proc(event.Wait))
		sleep(ctx, 1)
		tasks[1].Cancel(nil)
		event.Set()
		tasks[0].Await(ctx)
		tasks[1].Await(ctx)
	},

	"event_set_then_cancel_in_one_turn": func(ctx context.Context, log logger) {
		var event asyncio.Event
		tasks := tellAll(ctx, log, "AB", asyncio.Proc(event.Wait))
		sleep(ctx, 1)
		event.Set()
		tasks[0].Cancel(nil)
		tasks[0].Await(ctx)
		tasks[1].Await(ctx)
	},

	"event_wait_in_timeout": func(ctx context.Context, log logger) {
		var event asyncio.Event
		asyncio.LoopOf(ctx).CallLater(seconds(3), event.Set)
		for range 2 {
			result := outcome(inTime(2, asyncio.Proc(event.Wait)).Await(ctx))
			log("wait %s %s", result, clock(ctx))
		}
	},

	"event_ping_pong": func(ctx context.Context, log logger) {
		var ping, pong asyncio.Event
		player := func(mine, other *asyncio.Event, name string) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				for n := range 3 {
					mine.Wait(ctx)
					mine.Clear()
					log("%s %d", name, n)
					other.Set()
				}
				return nil
			}
		}
		a, b := asyncio.Go(ctx, player(&ping, &pong, "ping")), asyncio.Go(ctx, player(&pong, &ping, "pong"))
		ping.Set()
		asyncio.Gather(ctx, a, b)
	},
}
