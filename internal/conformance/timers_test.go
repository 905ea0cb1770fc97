package conformance

import (
	"context"
	"time"

	"github.com/asyncio-go/asyncio"
)

// call_later and call_at.
var timerPrograms = map[string]program{
	"call_later_order": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		for _, delay := range []int{3, 1, 2} {
			loop.CallLater(seconds(delay), func() { log("timer %d at %g", delay, now(ctx)) })
		}
		log("set")
		sleep(ctx, 4)
		log("main at %g", now(ctx))
	},

	"call_later_same_instant_two": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		for _, name := range "ab" {
			loop.CallLater(seconds(1), say(log, "timer %c", name))
		}
		sleep(ctx, 2)
	},

	"call_later_same_instant_many": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		for _, name := range "abcdefgh" {
			loop.CallLater(seconds(1), say(log, "timer %c", name))
		}
		sleep(ctx, 2)
	},

	"call_later_zero_comes_after_ready": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		loop.CallLater(0, say(log, "timer 0"))
		loop.CallSoon(say(log, "callback 1"))
		loop.CallSoon(say(log, "callback 2"))
		turns := countTurns(ctx, log, 3)
		for range 3 {
			sleep(ctx, 0)
		}
		turns.Await(ctx)
	},

	"call_later_negative_delays": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		loop.CallLater(0, say(log, "timer 0"))
		loop.CallLater(seconds(-1), say(log, "timer -1"))
		loop.CallLater(seconds(-2), say(log, "timer -2"))
		loop.CallSoon(say(log, "callback"))
		sleep(ctx, 0)
		log("main after one turn")
		sleep(ctx, 0)
		log("main after two turns at %g", now(ctx))
	},

	"call_at_absolute": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		start := loop.Now()
		sleep(ctx, 1)
		since := func() float64 { return loop.Now().Sub(start).Seconds() }
		loop.CallAt(start.Add(seconds(3)), func() { log("at %g", since()) })
		loop.CallAt(start.Add(seconds(2)), func() { log("at %g", since()) })
		loop.CallAt(start, func() { log("long due, at %g", since()) })
		sleep(ctx, 5)
	},

	"timer_cancel": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		handle := loop.CallLater(seconds(1), say(log, "never"))
		loop.CallLater(seconds(2), say(log, "timer 2"))
		handle.Cancel()
		sleep(ctx, 3)
		log("main again")
	},

	"timer_cancelled_by_one_of_the_same_instant": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		var b *asyncio.Handle
		loop.CallLater(seconds(1), func() {
			log("a cancels b")
			b.Cancel()
		})
		b = loop.CallLater(seconds(1), say(log, "b"))
		loop.CallLater(seconds(1), say(log, "c"))
		sleep(ctx, 2)
		log("main again")
	},

	"timer_set_by_a_timer": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		loop.CallLater(seconds(1), func() {
			log("first at %g", now(ctx))
			loop.CallLater(0, func() { log("later 0 at %g", now(ctx)) })
			loop.CallSoon(func() { log("soon at %g", now(ctx)) })
			loop.CallLater(seconds(1), func() { log("later 1 at %g", now(ctx)) })
		})
		loop.CallLater(seconds(1), say(log, "second"))
		sleep(ctx, 3)
	},

	"callback_scheduled_by_a_timer_comes_after_timers": func(ctx context.Context, log logger) {
		loop := asyncio.LoopOf(ctx)
		loop.CallLater(seconds(1), func() {
			log("a")
			loop.CallSoon(say(log, "made by a"))
		})
		loop.CallLater(seconds(1), func() {
			log("b")
			loop.CallSoon(say(log, "made by b"))
		})
		sleep(ctx, 2)
	},

	// The sleep's timer is older than the other one and fires first.
	"sleeper_and_timer_of_one_instant": func(ctx context.Context, log logger) {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			err := sleep(ctx, 1)
			log("sleeper")
			return err
		})
		sleep(ctx, 0)
		asyncio.LoopOf(ctx).CallLater(seconds(1), say(log, "timer"))
		task.Await(ctx)
	},

	"timer_and_sleeper_of_one_instant": func(ctx context.Context, log logger) {
		asyncio.LoopOf(ctx).CallLater(seconds(1), say(log, "timer"))
		asyncio.Go(ctx, func(ctx context.Context) error {
			err := sleep(ctx, 1)
			log("sleeper")
			return err
		}).Await(ctx)
	},

	"timer_many_of_which_most_are_cancelled": func(ctx context.Context, log logger) {
		var timers []*asyncio.Handle
		for n := range 400 {
			timers = append(timers, asyncio.LoopOf(ctx).CallLater(seconds(1+n%7)+time.Duration(n)*time.Millisecond, say(log, "timer %d", n)))
		}
		for n, timer := range timers {
			if n%40 != 0 {
				timer.Cancel()
			}
		}
		sleep(ctx, 10)
		log("%s", clock(ctx))
	},
}
