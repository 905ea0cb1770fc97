package semantics_test

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S18: a foreign context works everywhere; ours costs no goroutine and no allocation to park on.

// foreignContexts are std contexts and contexts of the user's around one of a coroutine, mixed with ours.
var foreignContexts = map[string]func(ctx context.Context) (context.Context, context.CancelFunc){
	"std WithTimeout": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, time.Hour)
	},
	"std WithDeadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithDeadline(ctx, time.Now().Add(time.Hour))
	},
	"std WithCancel": context.WithCancel,
	"std WithValue": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithValue(ctx, testKey{}, "v"), func() {}
	},
	"std WithoutCancel": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithoutCancel(ctx), func() {}
	},
	"WithoutCancel, then WithTimeout": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.WithoutCancel(ctx), time.Hour)
	},
	"the user's own": func(ctx context.Context) (context.Context, context.CancelFunc) {
		c := &ownContext{Context: ctx, done: make(chan struct{})}
		return c, func() { close(c.done) }
	},
	"ours, std, ours, std": func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := asyncio.WithTimeout(ctx, time.Hour)
		ctx = without(context.WithTimeout(ctx, time.Hour))
		ctx = without(asyncio.WithTimeout(ctx, time.Hour))
		return without(context.WithCancel(ctx)), cancel
	},
}

func TestS18_AForeignContextWorksEverywhere(t *testing.T) {
	for name, make := range foreignContexts {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				c, cancel := make(ctx)
				defer cancel()
				if asyncio.LoopOf(c) != asyncio.LoopOf(ctx) || asyncio.CurrentTask(c) != asyncio.CurrentTask(ctx) {
					t.Error("it does not lead to the loop and the task")
				}
				one := asyncio.Coroutine[int](func(ctx context.Context) (int, error) { return 1, asyncio.Sleep(ctx, time.Second) })
				f := asyncio.NewFuture[int](c)
				asyncio.LoopOf(c).CallLater(time.Second, func() { f.SetResult(1) })
				for call, do := range map[string]func() error{
					"Sleep":         func() error { return asyncio.Sleep(c, time.Second) },
					"Sleep 0":       func() error { return asyncio.Sleep(c, 0) },
					"Checkpoint":    func() error { return asyncio.Checkpoint(c) },
					"Await":         func() error { return second(asyncio.CreateTask(c, one).Await(c)) },
					"Future.Await":  func() error { return second(f.Await(c)) },
					"Gather":        func() error { return second(asyncio.Gather(c, one, one)) },
					"GatherResults": func() error { return asyncio.GatherResults(c, one)[0].Err },
					"Wait": func() error {
						_, _, err := asyncio.Wait(c, asyncio.FirstCompleted, asyncio.CreateTask(c, one))
						return err
					},
					"WaitFor": func() error { return second(asyncio.WaitFor(c, time.Minute, one)) },
					"WithTaskGroup": func() error {
						return asyncio.WithTaskGroup(c, func(ctx context.Context) error { asyncio.CreateTask(ctx, one); return asyncio.Sleep(ctx, 1) })
					},
					"ToThread": func() error {
						return offLoop(c, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) })
					},
					"WithTimeout": func() error { return asyncio.Sleep(without(asyncio.WithTimeout(c, time.Minute)), time.Second) },
				} {
					if err := do(); err != nil {
						t.Errorf("%s: %v", call, err)
					}
				}
			})
		})
	}
}

// A task created under a foreign context has its values and its deadline, and its end.
func TestS18_ATaskInheritsAForeignContext(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		at := time.Now().Add(time.Second)
		c, cancel := context.WithDeadline(context.WithValue(ctx, testKey{}, "v"), at)
		defer cancel()
		task := asyncio.Go(c, func(ctx context.Context) error {
			if v := ctx.Value(testKey{}); v != "v" {
				t.Errorf("value %v, want v", v)
			}
			if d, ok := ctx.Deadline(); !ok || !d.Equal(at) {
				t.Errorf("deadline %v, %v; want %v", d, ok, at)
			}
			if d, _ := without(asyncio.WithTimeout(ctx, time.Minute)).Deadline(); !d.Equal(at) {
				t.Errorf("deadline below %v, want the earlier one, %v", d, at)
			}
			err := forever(ctx)
			if !time.Now().Equal(at) || err != context.DeadlineExceeded {
				t.Errorf("it ended at %v with %v, want at %v with DeadlineExceeded", time.Now(), err, at)
			}
			return nil
		})
		await(ctx, t, task)
	})
}

// A std context below one of ours ends with the error of ours.
func TestS18_StdContextsBelowOursEndAsOurs(t *testing.T) {
	for _, way := range waysToCancel() {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			c, cancel := way.make(ctx)
			var below []context.Context
			for range 2 { // made before the end, and after
				ours := without(asyncio.WithTimeout(c, time.Hour))
				below = append(below, ours, without(context.WithCancel(c)), without(context.WithCancel(ours)),
					context.WithValue(ours, testKey{}, 1), without(context.WithTimeout(ours, time.Hour)))
				cancel()
				asyncio.Sleep(ctx, 2*way.after)
				synctest.Wait()
				cancel = func() {}
			}
			for i, b := range below {
				if err := b.Err(); err != way.want {
					t.Errorf("%s: context %d below it ended with %v, want %v", way.name, i, err, way.want)
				}
				select {
				case <-b.Done():
				default:
					t.Errorf("%s: Done of context %d below it is open", way.name, i)
				}
			}
		})
	}
}

func TestS18_StdAfterFuncHearsOfOurCancellations(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var mu sync.Mutex // each is called in a goroutine of its own
		called := map[string]int{}
		after := func(name string, ctx context.Context) func() bool {
			return context.AfterFunc(ctx, func() {
				mu.Lock()
				defer mu.Unlock()
				called[name]++
			})
		}
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			after("task", ctx)
			after("value", context.WithValue(ctx, testKey{}, 1))
			after("std below", without(context.WithCancel(ctx)))
			after("time-out below", without(asyncio.WithTimeout(ctx, time.Hour)))
			after("without cancel", context.WithoutCancel(ctx))
			after("expired", without(asyncio.WithTimeout(ctx, time.Second)))
			if stop := after("stopped", ctx); !stop() {
				t.Error("stop: false")
			}
			return forever(ctx)
		})
		asyncio.Sleep(ctx, 2*time.Second)
		synctest.Wait()
		if len(called) != 1 || called["expired"] != 1 {
			t.Errorf("before the cancellation %v were called, want expired", called)
		}
		task.Cancel(nil)
		synctest.Wait()
		for _, name := range []string{"task", "value", "std below", "time-out below", "expired"} {
			if called[name] != 1 {
				t.Errorf("%s: called %d times, want once", name, called[name])
			}
		}
		if called["without cancel"] != 0 || called["stopped"] != 0 {
			t.Errorf("called: %v", called)
		}
		task.Await(ctx)
	})
}

// The end of a task does not end what others made from its ctx; what ends the scope does.
func TestS18_WhatWasMadeFromAnEndedTasksContextIsReachedByItsScope(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var std context.Context
		task := asyncio.Go(ctx, func(outer context.Context) error {
			return asyncio.WithTaskGroup(outer, func(ctx context.Context) error {
				child := asyncio.Go(ctx, func(ctx context.Context) error {
					std = without(context.WithCancel(ctx))
					return nil
				})
				await(ctx, t, child)
				runtime.GC() // nobody but std holds on to the child's context
				runtime.GC()
				if std.Err() != nil {
					t.Errorf("after the end of the task: %v", std.Err())
				}
				return forever(ctx)
			})
		})
		turns(ctx, t, 5)
		task.Cancel(errWhy)
		task.Await(ctx)
		synctest.Wait()
		if std.Err() != context.Canceled || context.Cause(std) != errWhy {
			t.Errorf("after the end of the scope: %v, cause %v; want Canceled, %v", std.Err(), context.Cause(std), errWhy)
		}
	})
}

// Package os/signal does not work within a synctest bubble.
func TestS18_NotifyContextWithinRun(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		c, interrupt := signal.NotifyContext(ctx, os.Interrupt)
		defer interrupt()
		task := asyncio.Go(c, forever)
		if err := asyncio.Sleep(c, 1); err != nil {
			t.Errorf("Sleep: %v", err)
		}
		interrupt()
		_, err := task.Await(ctx)
		wantErr(t, "a task under it", err, asyncio.ErrTaskCancelled)
		if err := asyncio.Sleep(c, 0); err != context.Canceled {
			t.Errorf("Sleep after the interrupt: %v, want context.Canceled", err)
		}
		return nil
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestS18_NotifyContextAboveRun(t *testing.T) {
	outer, interrupt := signal.NotifyContext(t.Context(), os.Interrupt)
	defer interrupt()
	cleaned := false
	err := asyncio.Run(outer, func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			err := forever(ctx)
			cleaned = asyncio.Sleep(context.WithoutCancel(ctx), 0) == nil
			return err
		})
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, forever)
			turns(ctx, t, 2)
			interrupt()
			return forever(ctx)
		})
	})
	if err != context.Canceled || !cleaned {
		t.Errorf("Run: %v, the other task cleaned up: %v; want context.Canceled, true", err, cleaned)
	}
}

func TestS18_AStdTimeOutAboveRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outer, cancel := context.WithTimeout(context.WithValue(t.Context(), testKey{}, "v"), time.Second)
		defer cancel()
		start := time.Now()
		err := asyncio.Run(outer, func(ctx context.Context) error {
			want, _ := outer.Deadline()
			if d, ok := ctx.Deadline(); !ok || !d.Equal(want) || ctx.Value(testKey{}) != "v" {
				t.Errorf("deadline %v, value %v; want %v, v", d, ctx.Value(testKey{}), want)
			}
			_, err := asyncio.Gather(ctx, asyncio.Proc(forever), asyncio.Proc(forever))
			return err
		})
		if took := time.Since(start); err != context.DeadlineExceeded || took != time.Second {
			t.Errorf("Run: %v after %v, want DeadlineExceeded after 1s", err, took)
		}
	})
}
