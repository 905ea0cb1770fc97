package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// A lock belongs to the task that acquired it (S24). If another task releases a lock in a Python
// program, the holder is asked to release it here.
type holder struct {
	*asyncio.Task[struct{}]
	has, release asyncio.Event
}

// hold is tell for a task that acquires the lock, and keeps it until it is asked to release it.
func hold(ctx context.Context, log logger, name string, lock *asyncio.Lock) *holder {
	h := &holder{}
	h.Task = asyncio.Go(ctx, func(ctx context.Context) error {
		result := outcome(asyncio.Proc(lock.Acquire).Await(ctx))
		log("%s %s", name, result)
		if result == "ok" {
			h.has.Set()
			h.release.Wait(context.WithoutCancel(ctx))
			lock.Release()
		}
		return nil
	})
	return h
}

// Lock: order, hand-over, cancellation.
var lockPrograms = map[string]program{
	"lock_is_fair": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		var tasks []*asyncio.Task[struct{}]
		for _, name := range "ABCD" {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				log("%c asks", name)
				lock.Acquire(ctx)
				log("%c has it %s", name, clock(ctx))
				sleep(ctx, 1)
				lock.Release()
				log("%c released", name)
				return nil
			}))
		}
		all(ctx, tasks)
	},

	"lock_newcomer_waits_behind_a_woken_waiter": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		a := hold(ctx, log, "A", &lock)
		sleep(ctx, 0)
		lock.Release()
		b := tell(ctx, log, "B", asyncio.Proc(lock.Acquire))
		sleep(ctx, 0)
		sleep(ctx, 0)
		log("B is done: %v", done(b))
		a.release.Set()
		a.Await(ctx)
		b.Await(ctx)
	},

	"lock_released_and_asked_for_again_in_one_turn": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			lock.Acquire(ctx)
			log("other has it")
			lock.Release()
			return nil
		})
		sleep(ctx, 0)
		lock.Release()
		lock.Acquire(ctx)
		log("main has it again")
		lock.Release()
		task.Await(ctx)
	},

	"lock_free_costs_nothing": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		turns := countTurns(ctx, log, 2)
		for range 3 {
			lock.Acquire(ctx)
			log("acquired, locked %v", lock.Locked())
			lock.Release()
			log("released, locked %v", lock.Locked())
		}
		turns.Await(ctx)
	},

	"lock_hand_over_turns": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		task := tell(ctx, log, "A", asyncio.Proc(lock.Acquire))
		sleep(ctx, 0)
		turns := countTurns(ctx, log, 3)
		lock.Release()
		task.Await(ctx)
		turns.Await(ctx)
	},

	"lock_is_not_reentrant": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		result := outcome(inTime(2, asyncio.Proc(lock.Acquire)).Await(ctx))
		log("second acquire %s %s, locked %v", result, clock(ctx), lock.Locked())
	},

	"lock_released_by_another_task": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		tell(ctx, log, "A", asyncio.Proc(lock.Acquire)).Await(ctx)
		refused(log, "release", lock.Release)
		log("locked %v", lock.Locked())
	},

	"lock_release_of_a_free_lock": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		refused(log, "release", lock.Release)
		lock.Acquire(ctx)
		lock.Release()
		refused(log, "second release", lock.Release)
		log("locked %v", lock.Locked())
	},

	"lock_cancel_a_waiter": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		a := hold(ctx, log, "A", &lock)
		b, c := tell(ctx, log, "B", asyncio.Proc(lock.Acquire)), tell(ctx, log, "C", asyncio.Proc(lock.Acquire))
		sleep(ctx, 1)
		b.Cancel(nil)
		b.Await(ctx)
		lock.Release()
		a.has.Wait(ctx)
		a.release.Set()
		c.Await(ctx)
		log("locked %v", lock.Locked())
	},

	"lock_cancel_then_release_in_one_turn": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		tasks := tellAll(ctx, log, "AB", asyncio.Proc(lock.Acquire))
		sleep(ctx, 1)
		tasks[0].Cancel(nil)
		lock.Release()
		tasks[0].Await(ctx)
		tasks[1].Await(ctx)
	},

	"lock_release_then_cancel_in_one_turn": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		a, b := hold(ctx, log, "A", &lock), tell(ctx, log, "B", asyncio.Proc(lock.Acquire))
		sleep(ctx, 1)
		lock.Release()
		a.Cancel(nil)
		a.has.Wait(ctx)
		log("B is done: %v", done(b))
		a.release.Set()
		b.Await(ctx)
	},

	"lock_cancel_the_only_waiter": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		a := tell(ctx, log, "A", asyncio.Proc(lock.Acquire))
		sleep(ctx, 1)
		a.Cancel(nil)
		lock.Release()
		a.Await(ctx)
		log("locked %v", lock.Locked())
	},

	"lock_waiter_in_timeout": func(ctx context.Context, log logger) {
		var lock asyncio.Lock
		lock.Acquire(ctx)
		a := tell(ctx, log, "A", inTime(2, asyncio.Proc(lock.Acquire)))
		b := tell(ctx, log, "B", asyncio.Proc(lock.Acquire))
		var left asyncio.Event // an await of A would return an error (S24): A waits for main's lock
		a.OnDone(left.Set)
		left.Wait(ctx)
		log("A left %s", clock(ctx))
		lock.Release()
		b.Await(ctx)
	},
}
