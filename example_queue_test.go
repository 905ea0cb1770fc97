package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A producer, workers, and an orderly end: the producer shuts the queue down, and
// the workers stop when they have emptied it.
func ExampleQueue() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		jobs := asyncio.NewQueue[int](2) // the producer waits when it is two jobs ahead
		sum := 0
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range 3 {
				asyncio.Go(ctx, func(ctx context.Context) error {
					for job := range jobs.All(ctx) {
						if err := asyncio.Sleep(ctx, time.Millisecond); err != nil { // the work
							return err
						}
						sum += job
					}
					return ctx.Err()
				})
			}
			for job := range 10 {
				if err := jobs.Put(ctx, job); err != nil {
					return err
				}
			}
			jobs.Shutdown(false)
			return nil
		})
		fmt.Println(sum)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 45
}

func ExampleNewQueue() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		bounded, unbounded := asyncio.NewQueue[string](1), asyncio.NewQueue[string](0)
		fmt.Println(bounded.TryPut("a"), bounded.TryPut("b"))
		fmt.Println(unbounded.TryPut("a"), unbounded.TryPut("b"))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true false
	// true true
}

// Put waits while the queue is full.
func ExampleQueue_Put() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		mailbox := asyncio.NewQueue[string](1)
		sender := asyncio.Go(ctx, func(ctx context.Context) error {
			for _, letter := range []string{"first", "second"} {
				if err := mailbox.Put(ctx, letter); err != nil {
					return err
				}
				fmt.Println("sent", letter)
			}
			return nil
		})
		if err := asyncio.Sleep(ctx, 0); err != nil { // let the sender fill it
			return err
		}
		letter, err := mailbox.Get(ctx)
		if err != nil {
			return err
		}
		fmt.Println("read", letter)
		_, err = sender.Await(ctx)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// sent first
	// read first
	// sent second
}

// Get waits while there is nothing; no item is lost to a time-out.
func ExampleQueue_Get() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		orders := asyncio.NewQueue[string](0)
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, err := orders.Get(limited)
		fmt.Println(err)

		orders.TryPut("tea")
		fmt.Println(orders.Get(ctx))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// context deadline exceeded
	// tea <nil>
}

// What does not fit is dropped: the latest measurement will come anyway.
func ExampleQueue_TryPut() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		measurements := asyncio.NewQueue[int](2)
		dropped := 0
		for celsius := range 5 {
			if !measurements.TryPut(celsius) {
				dropped++
			}
		}
		fmt.Println("kept", measurements.Len(), "dropped", dropped)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// kept 2 dropped 3
}

func ExampleQueue_TryGet() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		inbox := asyncio.NewQueue[string](0)
		inbox.TryPut("hello")
		fmt.Println(inbox.TryGet())
		_, ok := inbox.TryGet()
		fmt.Println(ok)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// hello true
	// false
}

func ExampleQueue_Len() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		backlog := asyncio.NewQueue[string](0)
		backlog.TryPut("a")
		backlog.TryPut("b")
		fmt.Println(backlog.Len())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2
}

// Join waits for the work on every item, not only for the queue to be empty.
func ExampleQueue_Join() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		files := asyncio.NewQueue[string](0)
		worker := asyncio.Go(ctx, func(ctx context.Context) error {
			for file := range files.All(ctx) {
				err := asyncio.Sleep(ctx, time.Millisecond) // compress it
				fmt.Println("compressed", file)
				files.TaskDone()
				if err != nil {
					return err
				}
			}
			return ctx.Err()
		})
		files.TryPut("a.txt")
		files.TryPut("b.txt")
		err := files.Join(ctx)
		fmt.Println("all done, the worker waits for more:", worker.Err() == asyncio.ErrNotDone)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// compressed a.txt
	// compressed b.txt
	// all done, the worker waits for more: true
}

// A second TaskDone for one item is a mistake that is told.
func ExampleQueue_TaskDone() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		jobs := asyncio.NewQueue[string](0)
		jobs.TryPut("job")
		if _, err := jobs.Get(ctx); err != nil {
			return err
		}
		jobs.TaskDone()
		fmt.Println("joined:", jobs.Join(ctx))
		defer func() { fmt.Println(recover()) }()
		jobs.TaskDone()
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// joined: <nil>
	// asyncio: Queue.TaskDone: called more often than items were put
}

// After Shutdown nothing comes in, and what is there can still be taken.
func ExampleQueue_Shutdown() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		jobs := asyncio.NewQueue[string](0)
		jobs.TryPut("last job")
		jobs.Shutdown(false)
		fmt.Println("put:", jobs.Put(ctx, "one more"))
		fmt.Println(jobs.Get(ctx))
		_, err := jobs.Get(ctx)
		fmt.Println("empty:", errors.Is(err, asyncio.ErrQueueShutdown))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// put: asyncio: queue shut down
	// last job <nil>
	// empty: true
}

// All gives the items to a range loop, which ends by Shutdown or by ctx.
func ExampleQueue_All() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		words := asyncio.NewQueue[string](0)
		for _, word := range []string{"to", "be", "continued"} {
			words.TryPut(word)
		}
		words.Shutdown(false)
		for word := range words.All(ctx) {
			fmt.Println(word)
		}
		fmt.Println(ctx.Err())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// to
	// be
	// continued
	// <nil>
}

// TryPut does not say why it did not add the item; Closed does.
func ExampleQueue_Closed() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		jobs := asyncio.NewQueue[string](1)
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
