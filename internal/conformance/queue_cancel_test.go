package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// Queues: cancelled getters and putters, and new ones while a woken one has not run.
var queueCancelPrograms = map[string]program{
	"queue_cancel_a_getter": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		tasks := tellGets(ctx, log, queue, "A", "B", "C")
		sleep(ctx, 1)
		tasks[1].Cancel(nil)
		tasks[1].Await(ctx)
		queue.TryPut(1)
		queue.TryPut(2)
		all(ctx, tasks)
	},

	"queue_cancel_a_getter_then_put_in_one_turn": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		tasks := tellGets(ctx, log, queue, "A", "B")
		sleep(ctx, 1)
		tasks[0].Cancel(nil)
		queue.TryPut(1)
		tasks[0].Await(ctx)
		tasks[1].Await(ctx)
	},

	"queue_put_then_cancel_the_getter_in_one_turn": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		tasks := tellGets(ctx, log, queue, "A")
		sleep(ctx, 1)
		queue.TryPut(1)
		tasks[0].Cancel(nil)
		tasks[0].Await(ctx)
		log("%d items are left", queue.Len())
	},

	"queue_cancel_a_putter": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](1)
		queue.TryPut(0)
		tasks := tellPuts(ctx, log, queue, 1, 2, 3)
		sleep(ctx, 1)
		tasks[1].Cancel(nil)
		tasks[1].Await(ctx)
		for range 3 {
			log("got %d", must(queue.Get(ctx)))
			sleep(ctx, 1)
		}
		all(ctx, tasks)
	},

	"queue_cancel_a_putter_then_get_in_one_turn": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](1)
		queue.TryPut(0)
		tasks := tellPuts(ctx, log, queue, 1, 2)
		sleep(ctx, 1)
		tasks[0].Cancel(nil)
		log("got %s", tryGet(queue))
		tasks[0].Await(ctx)
		tasks[1].Await(ctx)
		log("got %s", tryGet(queue))
	},

	"queue_get_then_cancel_the_putter_in_one_turn": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](1)
		queue.TryPut(0)
		tasks := tellPuts(ctx, log, queue, 1)
		sleep(ctx, 1)
		log("got %s", tryGet(queue))
		tasks[0].Cancel(nil)
		tasks[0].Await(ctx)
		log("%d items are left", queue.Len())
	},

	"queue_who_does_not_wait_takes_the_first_item": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		tasks := tellGets(ctx, log, queue, "A")
		sleep(ctx, 1)
		queue.TryPut(1)
		queue.TryPut(2)
		log("main got %s", tryGet(queue))
		tasks[0].Await(ctx)
	},

	"queue_the_least_at_the_time_of_the_step": func(ctx context.Context, log logger) {
		queue := asyncio.NewPriorityQueue(0, ascending)
		tasks := tellGets(ctx, log, queue, "A")
		sleep(ctx, 1)
		queue.TryPut(5)
		queue.TryPut(1)
		tasks[0].Await(ctx)
		log("main got %s", tryGet(queue))
	},

	"queue_newcomer_while_a_putter_is_on_its_way": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](2)
		queue.TryPut(0)
		queue.TryPut(1)
		tasks := tellPuts(ctx, log, queue, 2)
		sleep(ctx, 1)
		first := tryGet(queue)
		log("got %s, %s", first, tryGet(queue))
		log("main put 3 %v", queue.TryPut(3))
		tasks[0].Await(ctx)
		log("main put 4 %v", queue.TryPut(4))
		first = tryGet(queue)
		log("got %s, %s", first, tryGet(queue))
	},

	"queue_newcomer_while_a_getter_is_on_its_way": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		a := tell(ctx, log, "A", asyncio.Coroutine[int](queue.Get))
		sleep(ctx, 1)
		queue.TryPut(1)
		log("main got %s", tryGet(queue))
		sleep(ctx, 1)
		queue.TryPut(2)
		a.Await(ctx)
	},

	"queue_put_while_a_getter_is_on_its_way": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](1)
		a := tell(ctx, log, "A", asyncio.Coroutine[int](queue.Get))
		sleep(ctx, 1)
		log("main put 1 %v", queue.TryPut(1))
		log("main put 2 %v", queue.TryPut(2))
		a.Await(ctx)
		log("main put 3 %v", queue.TryPut(3))
	},
}
