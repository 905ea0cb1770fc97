package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// holding runs fn while it holds the condition's lock.
func holding(ctx context.Context, c *asyncio.Condition, fn func() error) error {
	if err := c.L.Acquire(ctx); err != nil {
		return err
	}
	defer c.L.Release()
	return fn()
}

func waitOn(c *asyncio.Condition) asyncio.Proc {
	return func(ctx context.Context) error {
		return holding(ctx, c, func() error { return c.Wait(ctx) })
	}
}

func notify(ctx context.Context, c *asyncio.Condition, n int) {
	holding(ctx, c, func() error { c.Notify(n); return nil })
}

// Condition: notifications, the lock, cancellation.
var conditionPrograms = map[string]program{
	"condition_notify_one_after_the_other": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		tasks := tellAll(ctx, log, "ABC", waitOn(condition))
		for n := range 3 {
			sleep(ctx, 1)
			log("notify %d", n)
			notify(ctx, condition, 1)
		}
		all(ctx, tasks)
	},

	"condition_notify_several": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		tasks := tellAll(ctx, log, "ABCDE", waitOn(condition))
		for _, n := range []int{0, 2, 1, 9} {
			sleep(ctx, 1)
			log("notify %d", n)
			notify(ctx, condition, n)
		}
		all(ctx, tasks)
	},

	"condition_notify_all": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		tasks := tellAll(ctx, log, "ABC", waitOn(condition))
		sleep(ctx, 1)
		var late *asyncio.Task[struct{}]
		holding(ctx, condition, func() error {
			condition.NotifyAll()
			late = tell(ctx, log, "late", inTime(5, waitOn(condition)))
			sleep(ctx, 1)
			log("main releases")
			return nil
		})
		all(ctx, tasks)
		late.Await(ctx)
		log("locked %v %s", condition.L.Locked(), clock(ctx))
	},

	"condition_notification_is_not_kept": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		notify(ctx, condition, 1)
		result := outcome(inTime(2, waitOn(condition)).Await(ctx))
		log("wait %s %s", result, clock(ctx))
	},

	"condition_goes_on_when_it_has_the_lock": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		var tasks []*asyncio.Task[struct{}]
		for _, name := range "AB" {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				return holding(ctx, condition, func() error {
					condition.Wait(ctx)
					log("%c goes on %s, locked %v", name, clock(ctx), condition.L.Locked())
					return sleep(ctx, 1)
				})
			}))
		}
		sleep(ctx, 1)
		holding(ctx, condition, func() error {
			condition.Notify(2)
			sleep(ctx, 1)
			log("main releases %s", clock(ctx))
			return nil
		})
		all(ctx, tasks)
	},

	"condition_wait_for": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		n := 0
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			return holding(ctx, condition, func() error {
				err := condition.WaitFor(ctx, func() bool {
					log("asked at %d", n)
					return n >= 2
				})
				log("waiter goes on with %d", n)
				return err
			})
		})
		for range 3 {
			sleep(ctx, 1)
			holding(ctx, condition, func() error {
				n++
				condition.NotifyAll()
				return nil
			})
		}
		task.Await(ctx)
	},

	"condition_wait_for_what_holds": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		holding(ctx, condition, func() error {
			condition.WaitFor(ctx, func() bool { return true })
			log("locked %v", condition.L.Locked())
			return nil
		})
	},

	"condition_cancel_a_waiter": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		var tasks []*asyncio.Task[struct{}]
		for _, name := range "ABC" {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				return holding(ctx, condition, func() error {
					result := ended(condition.Wait(ctx))
					log("%c %s, locked %v", name, result, condition.L.Locked())
					return nil
				})
			}))
		}
		sleep(ctx, 1)
		tasks[0].Cancel(nil)
		sleep(ctx, 1)
		notify(ctx, condition, 9)
		all(ctx, tasks)
		log("locked %v", condition.L.Locked())
	},

	"condition_cancelled_waiter_waits_for_the_lock": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		a := tell(ctx, log, "A", waitOn(condition))
		sleep(ctx, 1)
		condition.L.Acquire(ctx)
		for range 2 {
			a.Cancel(nil)
			sleep(ctx, 1)
			log("A is done: %v", done(a))
		}
		condition.L.Release()
		a.Await(ctx)
		log("locked %v", condition.L.Locked())
	},

	"condition_cancel_then_notify_in_one_turn": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		tasks := tellAll(ctx, log, "AB", waitOn(condition))
		sleep(ctx, 1)
		tasks[0].Cancel(nil)
		notify(ctx, condition, 1)
		tasks[0].Await(ctx)
		tasks[1].Await(ctx)
	},

	"condition_notify_then_cancel_in_one_turn": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		a, b := tell(ctx, log, "A", waitOn(condition)), tell(ctx, log, "B", inTime(5, waitOn(condition)))
		sleep(ctx, 1)
		notify(ctx, condition, 1)
		a.Cancel(nil)
		a.Await(ctx)
		b.Await(ctx)
		log("all left %s", clock(ctx))
	},

	"condition_notified_then_cancelled_while_it_waits_for_the_lock": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		a := tell(ctx, log, "A", waitOn(condition))
		sleep(ctx, 1)
		holding(ctx, condition, func() error {
			condition.Notify(1)
			sleep(ctx, 1)
			a.Cancel(nil)
			sleep(ctx, 1)
			log("A is done: %v", done(a))
			return nil
		})
		a.Await(ctx)
	},

	"condition_wait_in_timeout": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		holding(ctx, condition, func() error {
			limited, cancel := asyncio.WithTimeout(ctx, seconds(2))
			defer cancel()
			err := condition.Wait(limited)
			log("%s %s", describe(err), clock(ctx))
			log("locked %v", condition.L.Locked())
			return nil
		})
	},

	"condition_two_of_one_lock": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		first, second := asyncio.NewCondition(&lock), asyncio.NewCondition(&lock)
		a, b := tell(ctx, log, "A", waitOn(first)), tell(ctx, log, "B", waitOn(second))
		sleep(ctx, 1)
		notify(ctx, second, 9)
		sleep(ctx, 1)
		notify(ctx, first, 9)
		a.Await(ctx)
		b.Await(ctx)
	},

	"condition_without_the_lock": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		refused(log, "notify", func() { condition.Notify(1) })
		refused(log, "notify_all", condition.NotifyAll)
		condition.L.Acquire(ctx)
		condition.NotifyAll()
		condition.L.Release()
		refused(log, "notify", func() { condition.Notify(1) })
	},

	"condition_cancelled_waiter_wakes_another": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		tasks := tellAll(ctx, log, "AB", asyncio.Proc(func(ctx context.Context) error {
			_, err := inTime(5, waitOn(condition))(ctx)
			return err
		}))
		sleep(ctx, 1)
		tasks[0].Cancel(nil)
		tasks[0].Await(ctx)
		tasks[1].Await(ctx)
		log("%s", clock(ctx))
	},

	"condition_cancelled_twice_while_it_waits_for_the_lock": func(ctx context.Context, log logger) {
		condition := asyncio.NewCondition(nil)
		a := tell(ctx, log, "A", waitOn(condition))
		sleep(ctx, 1)
		holding(ctx, condition, func() error {
			a.Cancel(nil)
			sleep(ctx, 1)
			a.Cancel(nil)
			sleep(ctx, 1)
			log("A is done: %v", done(a))
			return nil
		})
		a.Await(ctx)
		log("locked %v", condition.L.Locked())
	},
}
