package semantics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// TestMap_BreakEndsEveryAwaitOfArgs: the end of the range loop ends each await in args, with any
// ctx. The await, and each later one, returns context.Canceled.

func TestMap_BreakEndsEveryAwaitOfArgs(t *testing.T) {
	type call struct {
		name string
		do   func(ctx context.Context) error
	}
	sleeper := asyncio.Coroutine[int](func(ctx context.Context) (int, error) { return 1, forever(ctx) })
	byHand := func(ctx context.Context) error { return forever(ctx) }
	calls := func(ctx context.Context) []call {
		var lock, contested asyncio.Lock
		lock.TryAcquire()
		cond, unused := asyncio.NewCondition(&contested), asyncio.NewCondition(nil)
		sem, full := asyncio.NewSemaphore(1), asyncio.NewQueue[int](1)
		sem.TryAcquire()
		full.TryPut(1)
		pending := asyncio.NewFuture[int](ctx)
		pool := asyncio.NewThreadPool(1)
		var event asyncio.Event
		return []call{
			{"Sleep", byHand},
			{"Send", func(ctx context.Context) error { return asyncio.Send(ctx, make(chan int), 7) }},
			{"Recv", func(ctx context.Context) error { _, _, err := asyncio.Recv(ctx, make(chan int)); return err }},
			{"Lock", lock.Acquire},
			{"Event", event.Wait},
			{"Semaphore", sem.Acquire},
			{"Barrier", func(ctx context.Context) error { _, err := asyncio.NewBarrier(2).Wait(ctx); return err }},
			{"Get", func(ctx context.Context) error { return second(asyncio.NewQueue[int](0).Get(ctx)) }},
			{"Put", func(ctx context.Context) error { return full.Put(ctx, 2) }},
			{"Join", full.Join},
			{"Condition.Wait", func(ctx context.Context) error {
				unused.L.TryAcquire()
				defer unused.L.Release()
				return unused.Wait(ctx)
			}},
			{"Condition.Wait, contested", func(ctx context.Context) error {
				contested.TryAcquire()
				defer contested.Release()
				asyncio.Go(ctx, func(ctx context.Context) error { // it holds the lock when the wait ends
					if err := contested.Acquire(ctx); err != nil {
						return err
					}
					defer contested.Release()
					return asyncio.Sleep(ctx, time.Minute)
				})
				return cond.Wait(ctx)
			}},
			{"Future.Await", func(ctx context.Context) error { return second(pending.Await(ctx)) }},
			{"Gather", func(ctx context.Context) error { return second(asyncio.Gather(ctx, sleeper, sleeper)) }},
			{"GatherResults", func(ctx context.Context) error { return asyncio.GatherResults(ctx, sleeper)[0].Err }},
			{"AsCompleted", func(ctx context.Context) (err error) {
				for _, r := range asyncio.AsCompleted(ctx, sleeper) {
					err = r.Err
				}
				return err
			}},
			{"WaitFor", func(ctx context.Context) error { return second(asyncio.WaitFor(ctx, time.Hour, sleeper)) }},
			{"WithTaskGroup", func(ctx context.Context) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { asyncio.Go(ctx, byHand); return nil })
			}},
			{"WithTimeout", func(ctx context.Context) error {
				c, cancel := asyncio.WithTimeout(ctx, time.Hour)
				defer cancel()
				return forever(c)
			}},
			{"a std context", func(ctx context.Context) error {
				c, cancel := context.WithCancel(ctx)
				defer cancel()
				return forever(c)
			}},
			{"ToThread", func(ctx context.Context) error {
				return offLoop(ctx, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
			}},
			{"Call", func(ctx context.Context) error { return second(hooking.Call(ctx, pool, 1)) }},
			{"Submit", func(ctx context.Context) error {
				task := hooking.Submit(ctx, pool, 1) // belongs to the scope of ctx
				defer task.Cancel(nil)
				return second(task.Await(ctx))
			}},
			{"Map", func(ctx context.Context) (err error) {
				for _, e := range hooking.Map(ctx, pool, upTo(3)) {
					err = e
				}
				return err
			}},
		}
	}
	leave := func(ctx context.Context, t *testing.T, do func(ctx context.Context) error) {
		var errs []error
		for range echoInt.Map(ctx, &remote{}, func(yield func(int) bool) {
			yield(1)
			start := time.Now()
			for range 3 { // repeats the call
				errs = append(errs, do(ctx))
			}
			errs = append(errs, asyncio.Checkpoint(ctx))
			if took := time.Since(start); took > 2*time.Minute {
				t.Errorf("the awaits took %v", took)
			}
		}) {
			asyncio.Sleep(ctx, time.Second)
			break
		}
		if len(errs) != 4 {
			t.Fatalf("%d errors, want 4", len(errs))
		}
		for n, err := range errs {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("call %d: %v, want context.Canceled", n, err)
			}
		}
		if err := ctx.Err(); err != nil {
			t.Errorf("the ctx of the loop: %v", err)
		}
		asyncio.Sleep(ctx, time.Hour) // tasks that args made in the scope of ctx
	}
	for i, more := 0, true; more; i++ {
		name := ""
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			all := calls(ctx)
			more = i < len(all)-1
			name = all[i].name
			leave(ctx, t, all[i].do)
		})
		if t.Failed() {
			t.Fatalf("in %s", name)
		}
	}
}

// TestMap_BreakSparesOtherScopes: context.WithoutCancel shields a clean-up in args, and tasks of
// args in another scope continue.
func TestMap_BreakSparesOtherScopes(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var shielded error
		var task *asyncio.Task[int]
		for range echoInt.Map(ctx, &remote{}, func(yield func(int) bool) {
			yield(1)
			task = asyncio.CreateTask(ctx, after(time.Hour, 7, nil))
			forever(ctx)
			shielded = asyncio.Sleep(context.WithoutCancel(ctx), time.Minute)
		}) {
			asyncio.Sleep(ctx, time.Second)
			break
		}
		if shielded != nil {
			t.Errorf("the clean-up: %v", shielded)
		}
		if v, err := task.Await(ctx); v != 7 || err != nil {
			t.Errorf("the task: %v, %v", v, err)
		}
	})
}
