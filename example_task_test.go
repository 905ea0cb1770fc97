package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A task runs beside the one that created it. It starts in a later turn.
func ExampleCreateTask() {
	brew := func(ctx context.Context, drink string) (string, error) {
		fmt.Println("brewing", drink)
		return "a cup of " + drink, asyncio.Sleep(ctx, time.Millisecond)
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		task := asyncio.CreateTask(ctx, asyncio.Coro(brew, "tea"))
		fmt.Println("laying the table")
		cup, err := task.Await(ctx)
		fmt.Println(cup)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// laying the table
	// brewing tea
	// a cup of tea
}

// Go is for a function without a result.
func ExampleGo() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		backup := asyncio.Go(ctx, func(ctx context.Context) error {
			fmt.Println("backup runs")
			return asyncio.Sleep(ctx, time.Millisecond)
		})
		fmt.Println("main goes on")
		_, err := backup.Await(ctx)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// main goes on
	// backup runs
}

// The heartbeat goes on until it is cancelled.
func ExampleTask() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		beats := 0
		heartbeat := asyncio.Go(ctx, func(ctx context.Context) error {
			for {
				beats++
				if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
			}
		})
		if err := asyncio.Sleep(ctx, 20*time.Millisecond); err != nil { // the real work
			return err
		}
		heartbeat.Cancel(nil)
		_, err := heartbeat.Await(ctx)
		fmt.Println("stopped:", errors.Is(err, asyncio.ErrTaskCancelled), "alive before that:", beats > 0)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// stopped: true alive before that: true
}

// Several tasks may await the same one: the price list is loaded once.
func ExampleTask_Await() {
	loads := 0
	loadPrices := func(ctx context.Context) (map[string]int, error) {
		loads++
		return map[string]int{"tea": 3}, asyncio.Sleep(ctx, time.Millisecond)
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		prices := asyncio.CreateTask(ctx, loadPrices)
		priceOf := func(ctx context.Context, item string) (int, error) {
			list, err := prices.Await(ctx)
			return list[item], err
		}
		all, err := asyncio.Gather(ctx, asyncio.Coro(priceOf, "tea"), asyncio.Coro(priceOf, "tea"))
		fmt.Println(all, "loads:", loads)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [3 3] loads: 1
}

// The cause given to Cancel is what context.Cause tells the task, and what its
// awaiters find.
func ExampleTask_Cancel() {
	errLoggedOut := errors.New("the user has logged out")

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		session := asyncio.Go(ctx, func(ctx context.Context) error {
			err := asyncio.Sleep(ctx, time.Hour)
			fmt.Println("session:", err, "because", context.Cause(ctx))
			return err
		})
		if err := asyncio.Sleep(ctx, 0); err != nil { // let it begin
			return err
		}
		fmt.Println("cancelled:", session.Cancel(errLoggedOut))
		_, err := session.Await(ctx)
		fmt.Println("by us:", errors.Is(err, asyncio.ErrTaskCancelled), "why:", errors.Is(err, errLoggedOut))
		fmt.Println("cancelled again:", session.Cancel(nil))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// cancelled: true
	// session: context canceled because the user has logged out
	// by us: true why: true
	// cancelled again: false
}

// Done is for goroutines that are not on the loop, here the one of a thread.
func ExampleTask_Done() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			fmt.Println("task ends")
			return nil
		})
		_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
			select {
			case <-task.Done():
				fmt.Println("thread knows")
			case <-ctx.Done():
			}
			return struct{}{}, ctx.Err()
		})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// task ends
	// thread knows
}

func ExampleTask_Err() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		upload := asyncio.Go(ctx, func(ctx context.Context) error { return errors.New("no space left") })
		fmt.Println(upload.Err() == asyncio.ErrNotDone)
		if _, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, upload); err != nil {
			return err
		}
		fmt.Println(upload.Err())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
	// no space left
}

// Result does not wait. It serves where a task is known to have ended.
func ExampleTask_Result() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		answer := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 42, nil })
		_, err := answer.Result()
		fmt.Println(errors.Is(err, asyncio.ErrNotDone))

		if _, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, answer); err != nil {
			return err
		}
		fmt.Println(answer.Result())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
	// 42 <nil>
}

// A callback is run by the loop in a turn after the task has ended.
func ExampleTask_OnDone() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		open := map[uint64]bool{}
		connection := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Millisecond) })
		open[connection.ID()] = true
		closed := asyncio.NewFuture[int](ctx)
		connection.OnDone(func() {
			delete(open, connection.ID())
			closed.SetResult(len(open))
		})
		left, err := closed.Await(ctx)
		fmt.Println("open connections:", left)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// open connections: 0
}

// Join waits for tasks of different results.
func ExampleTask_Join() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		count := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 7, nil })
		save := asyncio.Go(ctx, func(ctx context.Context) error { return errors.New("disk full") })
		for _, task := range []asyncio.AnyTask{count, save} {
			fmt.Println(task.Join(ctx))
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// <nil>
	// disk full
}
