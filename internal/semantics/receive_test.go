package semantics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// S9: what counts as receiving an error. Each is tried on a task that has
// failed already and on one that will.
func TestS09_WhatReceivesAnError(t *testing.T) {
	type task = *asyncio.Task[int]
	done := func(ctx context.Context, task task) { asyncio.Wait(ctx, asyncio.AllCompleted, task) }
	for name, receive := range map[string]func(ctx context.Context, task task) error{
		"Await": func(ctx context.Context, task task) error { _, err := task.Await(ctx); return err },
		"Join":  func(ctx context.Context, task task) error { return asyncio.AnyTask(task).Join(ctx) },
		"Result": func(ctx context.Context, task task) error {
			done(ctx, task)
			_, err := task.Result()
			return err
		},
		"Err":     func(ctx context.Context, task task) error { done(ctx, task); return task.Err() },
		"Gather":  func(ctx context.Context, task task) error { _, err := asyncio.Gather(ctx, task); return err },
		"Results": func(ctx context.Context, task task) error { return asyncio.GatherResults(ctx, task)[0].Err },
		"AsCompleted": func(ctx context.Context, task task) error {
			for _, r := range asyncio.AsCompleted(ctx, task) {
				return r.Err
			}
			return nil
		},
		"Wait with Err": func(ctx context.Context, task task) error {
			done, _, _ := asyncio.Wait(ctx, asyncio.FirstError, task)
			return done[0].Err()
		},
		"Wait with Result": func(ctx context.Context, task task) error {
			done, _, _ := asyncio.Wait(ctx, asyncio.FirstCompleted, task)
			_, err := done[0].Result()
			return err
		},
		"WaitFor": func(ctx context.Context, task task) error {
			_, err := asyncio.WaitFor(ctx, time.Hour, asyncio.Awaitable[int](task))
			return err
		},
		"Await elsewhere": func(ctx context.Context, task task) error {
			_, err := asyncio.ToThread(ctx, task.Await)
			return err
		},
		"Err elsewhere": func(ctx context.Context, task task) error {
			_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { <-task.Done(); return 0, task.Err() })
			return err
		},
		"a task's Await": func(ctx context.Context, task task) error {
			_, err := asyncio.CreateTask(ctx, task.Await).Await(ctx)
			return err
		},
	} {
		for _, early := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				var got reports
				err := runVirtual(t, func(ctx context.Context) error {
					task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
						if early {
							asyncio.Sleep(ctx, time.Second)
						}
						return 0, errBoom
					})
					asyncio.Sleep(ctx, 0)
					if err := receive(ctx, task); err != errBoom {
						t.Errorf("received %v, want boom", err)
					}
					return nil
				}, got.option())
				if err != nil || len(got) != 0 {
					t.Errorf("Run returned %v, reported %v", err, got)
				}
			})
		}
	}
}

// S9: what does not: the error is still reported, once.
func TestS09_WhatDoesNotReceiveAnError(t *testing.T) {
	type task = *asyncio.Task[int]
	for name, look := range map[string]func(ctx context.Context, task task){
		"nothing":     func(context.Context, task) {},
		"Wait":        func(ctx context.Context, task task) { asyncio.Wait(ctx, asyncio.AllCompleted, task) },
		"FirstError":  func(ctx context.Context, task task) { asyncio.Wait(ctx, asyncio.FirstError, task) },
		"Done":        func(ctx context.Context, task task) { asyncio.Sleep(ctx, time.Minute); <-task.Done() },
		"OnDone":      func(_ context.Context, task task) { task.OnDone(func() {}) },
		"too early":   func(_ context.Context, task task) { task.Err(); task.Result() },
		"Dump":        func(ctx context.Context, _ task) { asyncio.Sleep(ctx, time.Minute); dump(t, asyncio.LoopOf(ctx)) },
		"Cancel late": func(ctx context.Context, task task) { asyncio.Sleep(ctx, time.Minute); task.Cancel(nil) },
		"a time-out": func(ctx context.Context, task task) {
			if _, err := asyncio.WaitFor(ctx, time.Millisecond, asyncio.Awaitable[int](task)); err != context.DeadlineExceeded {
				t.Errorf("WaitFor: %v", err)
			}
		},
		"AsCompleted, left before": func(ctx context.Context, task task) {
			for range asyncio.AsCompleted(ctx, asyncio.CreateTask(ctx, value(1)), task) {
				break
			}
		},
		"a cancelled awaiter": func(ctx context.Context, task task) {
			awaiter := asyncio.CreateTask(ctx, task.Await)
			asyncio.Sleep(ctx, 0)
			awaiter.Cancel(nil)
			awaiter.Await(ctx)
		},
		"an await with a cancelled ctx": func(ctx context.Context, task task) {
			asyncio.Sleep(ctx, time.Minute)
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := task.Await(ctx); err != context.Canceled {
				t.Errorf("Await: %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got reports
			err := runVirtual(t, func(ctx context.Context) error {
				task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
					asyncio.Sleep(ctx, time.Second)
					return 0, errBoom
				})
				look(ctx, task)
				return asyncio.Sleep(ctx, time.Hour)
			}, got.option())
			if len(got) != 1 || len(leaves(err)) != 1 || !errors.Is(err, errBoom) {
				t.Errorf("reported %v, returned %v; want boom once", got, err)
			}
		})
	}
}
