package asyncio_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A lock is for what must stay together across an await: here a balance that is
// read, checked elsewhere and written back.
func ExampleLock() {
	var lock asyncio.Lock
	balance := 100
	withdraw := func(ctx context.Context, amount int) (bool, error) {
		if err := lock.Acquire(ctx); err != nil {
			return false, err
		}
		defer lock.Release()
		if balance < amount {
			return false, nil
		}
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil { // the fraud check
			return false, err
		}
		balance -= amount
		return true, nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		paid, err := asyncio.Gather(ctx, asyncio.Coro(withdraw, 80), asyncio.Coro(withdraw, 80))
		fmt.Println(paid, balance)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// [true false] 20
}

// Tasks get the lock in the order in which they came. A timeout ends the wait.
func ExampleLock_Acquire() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var printer asyncio.Lock
		done := asyncio.NewFuture[int](ctx)
		asyncio.Go(ctx, func(ctx context.Context) error {
			if err := printer.Acquire(ctx); err != nil {
				return err
			}
			defer printer.Release()
			_, err := done.Await(ctx)
			return err
		})
		if err := asyncio.Sleep(ctx, 0); err != nil { // the task acquires the lock
			return err
		}
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		fmt.Println("at first:", printer.Acquire(limited))
		done.SetResult(1)
		fmt.Println("later:", printer.Acquire(ctx))
		printer.Release()
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// at first: context deadline exceeded
	// later: <nil>
}

// Two tasks that acquire two locks in opposite order wait for each other. The
// second of them gets an error and releases its lock, so that the first goes on.
func ExampleLock_deadlock() {
	var till, bank asyncio.Lock
	transfer := func(ctx context.Context, from, to *asyncio.Lock) error {
		if err := from.Acquire(ctx); err != nil {
			return err
		}
		defer from.Release()
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		if err := to.Acquire(ctx); err != nil {
			return err
		}
		defer to.Release()
		return nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		pay := asyncio.Go(ctx, func(ctx context.Context) error { return transfer(ctx, &till, &bank) }, asyncio.Name("pay"))
		refund := asyncio.Go(ctx, func(ctx context.Context) error { return transfer(ctx, &bank, &till) }, asyncio.Name("refund"))
		_, err := pay.Await(ctx)
		fmt.Println("pay:", err)
		_, err = refund.Await(ctx)
		fmt.Println("refund:", err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// pay: <nil>
	// refund: asyncio: deadlock: task "refund" waits for a lock held by task "pay", which waits for a lock held by task "refund"
}

func ExampleLock_TryAcquire() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var refreshing asyncio.Lock
		refresh := func() string {
			if !refreshing.TryAcquire() {
				return "somebody is at it"
			}
			return "refreshing"
		}
		fmt.Println(refresh())
		fmt.Println(refresh())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// refreshing
	// somebody is at it
}

// Release hands the lock to who has waited longest. It does not suspend, and
// nobody gets in between.
func ExampleLock_Release() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var lock asyncio.Lock
		if err := lock.Acquire(ctx); err != nil {
			return err
		}
		waiter := asyncio.Go(ctx, func(ctx context.Context) error {
			err := lock.Acquire(ctx)
			fmt.Println("the waiter has it")
			lock.Release()
			return err
		})
		if err := asyncio.Sleep(ctx, 0); err != nil { // let the waiter come
			return err
		}
		lock.Release()
		fmt.Println("taken at once:", lock.TryAcquire())
		_, err := waiter.Await(ctx)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// taken at once: false
	// the waiter has it
}

func ExampleLock_Locked() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var lock asyncio.Lock
		fmt.Println(lock.Locked())
		if err := lock.Acquire(ctx); err != nil {
			return err
		}
		fmt.Println(lock.Locked())
		lock.Release()
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// false
	// true
}

// A condition tells those who wait for a change of what the lock guards.
func ExampleCondition() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		changed := asyncio.NewCondition(nil)
		stage := "loading"
		player := asyncio.Go(ctx, func(ctx context.Context) error {
			if err := changed.L.Acquire(ctx); err != nil {
				return err
			}
			defer changed.L.Release()
			err := changed.WaitFor(ctx, func() bool { return stage == "playing" })
			fmt.Println("player sees", stage)
			return err
		})
		for _, next := range []string{"lobby", "playing"} {
			if err := changed.L.Acquire(ctx); err != nil {
				return err
			}
			stage = next
			changed.NotifyAll()
			changed.L.Release()
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil { // the stage takes its time
				return err
			}
		}
		_, err := player.Await(ctx)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// player sees playing
}

// Two conditions of one lock: those who wait for room and those who wait for
// items.
func ExampleNewCondition() {
	var lock asyncio.Lock
	notEmpty, notFull := asyncio.NewCondition(&lock), asyncio.NewCondition(&lock)
	fmt.Println(notEmpty.L == notFull.L, asyncio.NewCondition(nil).L != nil)
	// Output:
	// true true
}

// Wait returns with the lock held, in every case.
func ExampleCondition_Wait() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		cond := asyncio.NewCondition(nil)
		if err := cond.L.Acquire(ctx); err != nil {
			return err
		}
		defer cond.L.Release()
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		fmt.Println(cond.Wait(limited), cond.L.Locked())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// context deadline exceeded true
}

func ExampleCondition_WaitFor() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		cond := asyncio.NewCondition(nil)
		players := 0
		for range 3 {
			asyncio.Go(ctx, func(ctx context.Context) error {
				if err := cond.L.Acquire(ctx); err != nil {
					return err
				}
				defer cond.L.Release()
				players++
				cond.NotifyAll()
				return nil
			})
		}
		if err := cond.L.Acquire(ctx); err != nil {
			return err
		}
		defer cond.L.Release()
		err := cond.WaitFor(ctx, func() bool { return players == 3 })
		fmt.Println("players:", players)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// players: 3
}
