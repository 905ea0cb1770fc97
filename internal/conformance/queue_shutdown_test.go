package conformance

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// emptyAndFull returns an empty and a full queue.
func emptyAndFull() (empty, full *asyncio.Queue[int]) {
	empty, full = asyncio.NewQueue[int](0), asyncio.NewQueue[int](1)
	full.TryPut(0)
	return empty, full
}

// queueOf returns an unbounded queue with these items.
func queueOf(items ...int) *asyncio.Queue[int] {
	queue := asyncio.NewQueue[int](0)
	for _, item := range items {
		queue.TryPut(item)
	}
	return queue
}

// Shutdown of a queue, immediate or not.
var queueShutdownPrograms = map[string]program{
	"queue_shutdown_lets_the_rest_be_taken": func(ctx context.Context, log logger) {
		queue := queueOf(0, 1)
		queue.Shutdown(false)
		result := ended(queue.Put(ctx, 9))
		log("put %s, %v", result, queue.TryPut(9))
		for range 3 {
			result := outcome(queue.Get(ctx))
			log("get %s, %d left", result, queue.Len())
		}
		log("get %s", tryGet(queue))
	},

	"queue_shutdown_wakes_getters_and_putters": func(ctx context.Context, log logger) {
		empty, full := emptyAndFull()
		tasks := tellGets(ctx, log, empty, "get A", "get B")
		tasks = append(tasks, tellPuts(ctx, log, full, 1, 2)...)
		sleep(ctx, 1)
		empty.Shutdown(false)
		full.Shutdown(false)
		all(ctx, tasks)
		log("%d left", full.Len())
	},

	"queue_shutdown_at_once_drops_what_is_there": func(ctx context.Context, log logger) {
		queue := queueOf(0, 1, 2)
		queue.Shutdown(true)
		log("%d left", queue.Len())
		log("get %s", outcome(queue.Get(ctx)))
		queue.Join(ctx)
		log("joined")
	},

	"queue_shutdown_at_once_wakes_getters_and_putters": func(ctx context.Context, log logger) {
		empty, full := emptyAndFull()
		tasks := tellGets(ctx, log, empty, "get")
		tasks = append(tasks, tell(ctx, log, "put", put(full, 1)))
		sleep(ctx, 1)
		empty.Shutdown(true)
		full.Shutdown(true)
		all(ctx, tasks)
		log("%d left", full.Len())
	},

	"queue_shutdown_at_once_releases_join": func(ctx context.Context, log logger) {
		queue := queueOf(0, 1, 2)
		task := tell(ctx, log, "join", asyncio.Proc(queue.Join))
		log("got %d", must(queue.Get(ctx)))
		queue.Shutdown(true)
		sleep(ctx, 1)
		log("joined: %v", done(task))
		queue.TaskDone()
		task.Await(ctx)
	},

	"queue_shutdown_keeps_join_waiting": func(ctx context.Context, log logger) {
		queue := queueOf(1)
		task := tell(ctx, log, "join", asyncio.Proc(queue.Join))
		sleep(ctx, 1)
		queue.Shutdown(false)
		sleep(ctx, 1)
		log("joined: %v", done(task))
		log("got %d", must(queue.Get(ctx)))
		queue.TaskDone()
		task.Await(ctx)
	},

	"queue_shutdown_twice": func(ctx context.Context, log logger) {
		queue := queueOf(1)
		queue.Shutdown(false)
		queue.Shutdown(false)
		log("%d left", queue.Len())
		queue.Shutdown(true)
		log("%d left", queue.Len())
		queue.Shutdown(false)
		log("get %s", outcome(queue.Get(ctx)))
	},

	"queue_shutdown_after_task_done_of_what_was_not_taken": func(ctx context.Context, log logger) {
		queue := queueOf(1, 2)
		queue.TaskDone()
		queue.Shutdown(true)
		queue.Join(ctx)
		log("joined, %d left", queue.Len())
	},

	"queue_shutdown_of_a_queue_with_a_getter_on_its_way":         getterOnItsWay(false),
	"queue_shutdown_at_once_of_a_queue_with_a_getter_on_its_way": getterOnItsWay(true),

	"queue_shutdown_of_a_queue_with_a_putter_on_its_way": func(ctx context.Context, log logger) {
		_, queue := emptyAndFull()
		task := tell(ctx, log, "put", put(queue, 1))
		sleep(ctx, 1)
		log("got %s", tryGet(queue))
		queue.Shutdown(false)
		task.Await(ctx)
		log("%d left", queue.Len())
	},

	"queue_shutdown_ends_the_consumer": func(ctx context.Context, log logger) {
		queue := queueOf()
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			for item := range queue.All(ctx) {
				log("got %d", item)
			}
			log("consumer ends")
			return nil
		})
		for item := range 3 {
			sleep(ctx, 1)
			queue.TryPut(item)
		}
		queue.Shutdown(false)
		task.Await(ctx)
	},
}

func getterOnItsWay(atOnce bool) program {
	return func(ctx context.Context, log logger) {
		queue := queueOf()
		tasks := tellGets(ctx, log, queue, "get")
		sleep(ctx, 1)
		queue.TryPut(1)
		queue.Shutdown(atOnce)
		tasks[0].Await(ctx)
	}
}
