package conformance

import (
	"context"
	"fmt"

	"github.com/asyncio-go/asyncio"
)

// An anyQueue is one of the three queues.
type anyQueue interface {
	Put(ctx context.Context, v int) error
	TryPut(v int) bool
	Get(ctx context.Context) (int, error)
	TryGet() (int, bool)
	Len() int
}

// put and get return a call of a queue as an awaitable.
func put(q anyQueue, item int) asyncio.Proc {
	return func(ctx context.Context) error { return q.Put(ctx, item) }
}

func get(q anyQueue) asyncio.Coroutine[int] { return q.Get }

// tellPuts is tell for one task for each item.
func tellPuts(ctx context.Context, log logger, q anyQueue, items ...int) []*asyncio.Task[struct{}] {
	var tasks []*asyncio.Task[struct{}]
	for _, item := range items {
		tasks = append(tasks, tell(ctx, log, fmt.Sprint("put ", item), put(q, item)))
	}
	return tasks
}

// tellGets is tell for one task for each name.
func tellGets(ctx context.Context, log logger, q anyQueue, names ...string) []*asyncio.Task[struct{}] {
	var tasks []*asyncio.Task[struct{}]
	for _, name := range names {
		tasks = append(tasks, tell(ctx, log, name, get(q)))
	}
	return tasks
}

// tryGet formats the result of TryGet.
func tryGet(q anyQueue) string {
	if v, ok := q.TryGet(); ok {
		return show(v)
	}
	return "nothing"
}

// must returns the value of a Get that cannot fail.
func must(v int, err error) int {
	if err != nil {
		panic(err)
	}
	return v
}

func order(ctx context.Context, log logger, q anyQueue) {
	for _, item := range []int{5, 3, 8, 1, 9, 7} {
		q.Put(ctx, item)
	}
	log("%d items", q.Len())
	for range 3 {
		log("got %d", must(q.Get(ctx)))
	}
	for _, item := range []int{2, 6} {
		q.Put(ctx, item)
	}
	for q.Len() > 0 {
		log("got %d", must(q.Get(ctx)))
	}
}

func ascending(a, b int) bool { return a < b }

// The three queues: order, waiting, join.
var queuePrograms = map[string]program{
	"queue_first_in_first_out": func(ctx context.Context, log logger) { order(ctx, log, asyncio.NewQueue[int](0)) },
	"queue_last_in_first_out":  func(ctx context.Context, log logger) { order(ctx, log, asyncio.NewLIFOQueue[int](0)) },
	"queue_least_first":        func(ctx context.Context, log logger) { order(ctx, log, asyncio.NewPriorityQueue(0, ascending)) },

	"queue_producer_and_consumer": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](2)
		producer := asyncio.Go(ctx, func(ctx context.Context) error {
			for item := range 5 {
				queue.Put(ctx, item)
				log("put %d %s", item, clock(ctx))
			}
			return nil
		})
		consumer := asyncio.Go(ctx, func(ctx context.Context) error {
			for range 5 {
				item := must(queue.Get(ctx))
				log("got %d %s", item, clock(ctx))
				sleep(ctx, 2)
			}
			return nil
		})
		asyncio.Gather(ctx, producer, consumer)
	},

	"queue_getters_in_order": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		tasks := tellGets(ctx, log, queue, "A", "B", "C")
		sleep(ctx, 1)
		for item := range 3 {
			queue.TryPut(item)
		}
		all(ctx, tasks)
	},

	"queue_putters_in_order": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](1)
		queue.TryPut(0)
		tasks := tellPuts(ctx, log, queue, 1, 2, 3)
		for range 4 {
			sleep(ctx, 1)
			log("got %d", must(queue.Get(ctx)))
		}
		all(ctx, tasks)
	},

	"queue_without_waiting": func(_ context.Context, log logger) {
		queue := asyncio.NewQueue[int](2)
		log("get %s", tryGet(queue))
		for item := range 3 {
			ok := queue.TryPut(item)
			log("put %d %v, %d items", item, ok, queue.Len())
		}
		for range 3 {
			got := tryGet(queue)
			log("get %s, %d items", got, queue.Len())
		}
	},

	"queue_what_is_there_costs_nothing": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](2)
		turns := countTurns(ctx, log, 2)
		for item := range 3 {
			queue.Put(ctx, item)
			log("got %d", must(queue.Get(ctx)))
		}
		turns.Await(ctx)
	},

	"queue_hand_over_turns": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		tasks := tellGets(ctx, log, queue, "A")
		sleep(ctx, 0)
		turns := countTurns(ctx, log, 3)
		queue.TryPut(1)
		all(ctx, tasks)
		turns.Await(ctx)
	},

	"queue_join": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		for item := range 3 {
			queue.TryPut(item)
		}
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			for {
				item, err := queue.Get(ctx)
				if err != nil {
					return err
				}
				sleep(ctx, 1)
				log("done with %d", item)
				queue.TaskDone()
			}
		})
		queue.Join(ctx)
		log("joined %s", clock(ctx))
		task.Cancel(nil)
		log("worker %s", outcome(task.Await(ctx)))
	},

	"queue_join_of_nothing_costs_nothing": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		turns := countTurns(ctx, log, 1)
		queue.Join(ctx)
		log("joined")
		turns.Await(ctx)
	},

	"queue_join_cancelled": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		queue.TryPut(1)
		tasks := tellAll(ctx, log, "AB", asyncio.Proc(queue.Join))
		sleep(ctx, 1)
		tasks[0].Cancel(nil)
		tasks[0].Await(ctx)
		queue.TaskDone()
		tasks[1].Await(ctx)
	},

	"queue_done_too_often": func(_ context.Context, log logger) {
		queue := asyncio.NewQueue[int](0)
		refused(log, "task_done of nothing", queue.TaskDone)
		queue.TryPut(1)
		queue.TaskDone()
		refused(log, "second task_done", queue.TaskDone)
		log("%d items", queue.Len())
	},

	"queue_get_in_timeout": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[string](0)
		asyncio.LoopOf(ctx).CallLater(seconds(3), func() { queue.TryPut("late") })
		for range 2 {
			result := outcome(inTime(2, asyncio.Coroutine[string](queue.Get)).Await(ctx))
			log("get %s %s", result, clock(ctx))
		}
	},

	"queue_put_in_timeout": func(ctx context.Context, log logger) {
		queue := asyncio.NewQueue[int](1)
		queue.TryPut(1)
		result := outcome(inTime(2, put(queue, 2)).Await(ctx))
		log("put %s %s", result, clock(ctx))
		got := must(queue.Get(ctx))
		log("got %d, %d items", got, queue.Len())
	},

	"queue_ping_pong": func(ctx context.Context, log logger) {
		ping, pong := asyncio.NewQueue[int](0), asyncio.NewQueue[int](0)
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			for range 3 {
				item := must(ping.Get(ctx))
				log("echo %d", item)
				pong.Put(ctx, item+1)
			}
			return nil
		})
		item := 0
		for range 3 {
			ping.Put(ctx, item)
			item = must(pong.Get(ctx))
			log("main %d", item)
		}
		task.Await(ctx)
	},
}
