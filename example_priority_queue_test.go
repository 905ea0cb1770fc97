package asyncio_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// An emergency goes first, and of equal ones who came first.
func ExamplePriorityQueue() {
	type patient struct {
		name    string
		urgency int
	}
	moreUrgent := func(a, b patient) bool { return a.urgency > b.urgency }

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		waiting := asyncio.NewPriorityQueue(0, moreUrgent)
		for _, p := range []patient{{"Ada", 1}, {"Alan", 3}, {"Grace", 1}, {"Edsger", 2}} {
			if err := waiting.Put(ctx, p); err != nil {
				return err
			}
		}
		waiting.Shutdown(false)
		for p := range waiting.All(ctx) {
			fmt.Println(p.name)
		}
		return ctx.Err()
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// Alan
	// Edsger
	// Ada
	// Grace
}

// The order of T is cmp.Less, where that is meant.
func ExampleNewPriorityQueue() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		ports := asyncio.NewPriorityQueue(0, cmp.Less[int])
		ports.TryPut(8081)
		ports.TryPut(8080)
		fmt.Println(ports.TryGet())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 8080 true
}

// Put waits while the queue is full, urgent or not.
func ExamplePriorityQueue_Put() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		queue := asyncio.NewPriorityQueue(1, cmp.Less[int])
		fmt.Println(queue.Put(ctx, 5))
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		fmt.Println(queue.Put(limited, 1))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// <nil>
	// context deadline exceeded
}

// A task that waits gets the first item that comes; later ones are the least of
// what is there.
func ExamplePriorityQueue_Get() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		queue := asyncio.NewPriorityQueue(0, cmp.Less[int])
		waiting := asyncio.CreateTask(ctx, queue.Get)
		if err := asyncio.Sleep(ctx, 0); err != nil { // let it wait
			return err
		}
		queue.TryPut(30)
		fmt.Println(waiting.Await(ctx))
		queue.TryPut(20)
		queue.TryPut(10)
		fmt.Println(queue.Get(ctx))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 30 <nil>
	// 10 <nil>
}

func ExamplePriorityQueue_TryPut() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		queue := asyncio.NewPriorityQueue(2, cmp.Less[string])
		fmt.Println(queue.TryPut("b"), queue.TryPut("c"), queue.TryPut("a"))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true true false
}

func ExamplePriorityQueue_TryGet() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		queue := asyncio.NewPriorityQueue(0, cmp.Less[string])
		queue.TryPut("b")
		queue.TryPut("a")
		fmt.Println(queue.TryGet())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// a true
}

func ExamplePriorityQueue_Len() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		queue := asyncio.NewPriorityQueue(0, cmp.Less[int])
		queue.TryPut(2)
		queue.TryPut(1)
		fmt.Println(queue.Len())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2
}

// Join waits until the least urgent is done, too.
func ExamplePriorityQueue_Join() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		jobs := asyncio.NewPriorityQueue(0, cmp.Less[int])
		asyncio.Go(ctx, func(ctx context.Context) error {
			for job := range jobs.All(ctx) {
				fmt.Println("job", job)
				jobs.TaskDone()
			}
			return ctx.Err()
		})
		jobs.TryPut(2)
		jobs.TryPut(1)
		err := jobs.Join(ctx)
		fmt.Println("joined")
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// job 1
	// job 2
	// joined
}

func ExamplePriorityQueue_TaskDone() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		jobs := asyncio.NewPriorityQueue(0, cmp.Less[int])
		jobs.TryPut(1)
		if _, err := jobs.Get(ctx); err != nil {
			return err
		}
		jobs.TaskDone()
		fmt.Println(jobs.Join(ctx))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// <nil>
}

// An immediate shutdown drops what is there.
func ExamplePriorityQueue_Shutdown() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		jobs := asyncio.NewPriorityQueue(0, cmp.Less[int])
		jobs.TryPut(1)
		jobs.TryPut(2)
		jobs.Shutdown(true)
		_, err := jobs.Get(ctx)
		fmt.Println(jobs.Len(), errors.Is(err, asyncio.ErrQueueShutdown))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 true
}

// Leaving the loop early leaves the rest in the queue.
func ExamplePriorityQueue_All() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		alarms := asyncio.NewPriorityQueue(0, cmp.Less[int])
		for _, severity := range []int{3, 1, 2} {
			alarms.TryPut(severity)
		}
		for severity := range alarms.All(ctx) {
			fmt.Println("severity", severity)
			if severity == 2 {
				break
			}
		}
		fmt.Println("left:", alarms.Len())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// severity 1
	// severity 2
	// left: 1
}

// TryPut does not say why it did not add the item; Closed does.
func ExamplePriorityQueue_Closed() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		jobs := asyncio.NewPriorityQueue(1, func(a, b string) bool { return a < b })
		jobs.TryPut("first")
		fmt.Println(jobs.TryPut("second"), jobs.Closed())
		jobs.Shutdown(false)
		fmt.Println(jobs.TryPut("third"), jobs.Closed())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// false false
	// false true
}
