package semantics_test

import (
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S20: whoever is not the running step is told so.

// moments are the states of a loop in which a foreign goroutine may call.
var moments = map[string]func(ctx context.Context, foreign func()){
	"while the step that started it runs": func(_ context.Context, foreign func()) {
		done := make(chan struct{})
		go func() { defer close(done); foreign() }()
		<-done
	},
	"while the loop sleeps": func(ctx context.Context, foreign func()) {
		go func() {
			time.Sleep(time.Second) // until the loop sleeps
			foreign()
		}()
		asyncio.Sleep(ctx, time.Minute)
	},
	"while another task's step runs": func(ctx context.Context, foreign func()) {
		start, done := make(chan struct{}), make(chan struct{})
		go func() { defer close(done); <-start; foreign() }()
		asyncio.Go(ctx, func(context.Context) error {
			close(start)
			<-done
			return nil
		}).Await(ctx)
	},
	"while a callback runs": func(ctx context.Context, foreign func()) {
		f := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallSoon(func() {
			done := make(chan struct{})
			go func() { defer close(done); foreign() }()
			<-done
			f.SetResult(1)
		})
		f.Await(ctx)
	},
}

func TestS20_AForeignGoroutineCannotSuspendATask(t *testing.T) {
	for moment, when := range moments {
		t.Run(moment, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				calls, end, used := suspendingCalls(ctx)
				std, cancel := context.WithTimeout(ctx, time.Hour)
				defer cancel()
				task := asyncio.Go(ctx, func(ctx context.Context) error {
					when(ctx, func() {
						for _, c := range []context.Context{ctx, std, context.WithValue(ctx, testKey{}, 1), context.WithoutCancel(ctx)} {
							for _, call := range calls {
								wantErr(t, call.name, call.call(c), asyncio.ErrWrongTask)
							}
						}
					})
					// No harm was done: the task and the loop go on as before.
					turns(ctx, t, 2)
					return asyncio.Sleep(ctx, time.Second)
				})
				await(ctx, t, task)
				turns(ctx, t, 5)
				if *used != 0 {
					t.Errorf("%d functions were entered although their calls were refused", *used)
				}
				end()
			})
		})
	}
}

// The case to catch, as people write it.
func TestS20_GoFuncSleepInsideATask(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		got := make(chan error, 1)
		go func() { got <- asyncio.Sleep(ctx, time.Second) }()
		asyncio.Sleep(ctx, time.Minute)
		wantErr(t, "go func() { asyncio.Sleep(ctx, d) }()", <-got, asyncio.ErrWrongTask)
	}, asyncio.WithDebug(false))
}

func TestS20_AForeignGoroutineCannotUseTheLoop(t *testing.T) {
	one := func(context.Context) (int, error) { return 1, nil }
	for moment, when := range moments {
		t.Run(moment, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				l := asyncio.LoopOf(ctx)
				called := func() { t.Error("it was called") }
				handle := l.CallLater(time.Hour, called)
				when(ctx, func() {
					for name, fn := range map[string]func(){
						"CreateTask": func() { asyncio.CreateTask(ctx, one) },
						"Go":         func() { asyncio.Go(ctx, func(context.Context) error { return nil }) },
					} {
						wantPanic(t, name, fn, asyncio.ErrWrongTask, name, "Submit")
					}
					for name, fn := range map[string]func(){
						"CallSoon":  func() { l.CallSoon(called) },
						"CallLater": func() { l.CallLater(0, called) },
						"CallAt":    func() { l.CallAt(time.Now(), called) },
					} {
						wantPanic(t, name, fn, asyncio.ErrWrongTask, name, "CallSoonThreadsafe")
					}
					wantPanic(t, "Handle.Cancel", func() { handle.Cancel() }, asyncio.ErrWrongTask, "Handle.Cancel")
					if task := asyncio.CurrentTask(ctx); task != nil {
						t.Errorf("CurrentTask: %v, want nil", task.Name())
					}
				})
				turns(ctx, t, 3)
				if n := len(l.Tasks()); n != 1 {
					t.Errorf("%d tasks, want main only", n)
				}
				if !handle.Cancel() {
					t.Error("the handle was not pending any more")
				}
			})
		})
	}
}

// What is said to work from any goroutine does.
func TestS20_WhatIsForAnyGoroutineWorksThere(t *testing.T) {
	for moment, when := range moments {
		t.Run(moment, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				l := asyncio.LoopOf(ctx)
				f := asyncio.NewFuture[int](ctx)
				task := asyncio.Go(ctx, forever)
				called := 0
				var submitted *asyncio.Task[int]
				when(ctx, func() {
					submitted = asyncio.Submit(l, func(ctx context.Context) (int, error) { return 7, asyncio.Sleep(ctx, time.Second) })
					if err := l.CallSoonThreadsafe(func() { called++ }); err != nil {
						t.Errorf("CallSoonThreadsafe: %v", err)
					}
					f.OnDone(func() { called++ })
					task.OnDone(func() { called++ })
					if !f.SetResult(1) || !task.Cancel(nil) || task.Name() == "" || len(l.Tasks()) == 0 || l.Now().IsZero() {
						t.Error("SetResult, Cancel, Name, Tasks or Now")
					}
					c, cancel := asyncio.WithTimeout(ctx, 0)
					defer cancel()
					if c.Err() != context.DeadlineExceeded {
						t.Errorf("WithTimeout: %v", c.Err())
					}
					if asyncio.LoopOf(ctx) != l || asyncio.NewFuture[int](ctx) == nil {
						t.Error("LoopOf, NewFuture")
					}
				})
				if v := await(ctx, t, submitted); v != 7 {
					t.Errorf("Submit: %d", v)
				}
				task.Await(ctx)
				turns(ctx, t, 2)
				if called != 3 {
					t.Errorf("%d callbacks were called, want 3", called)
				}
			})
		})
	}
}

func TestS20_ACallbackCannotSuspend(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		calls, end, used := suspendingCalls(ctx)
		defer end()
		f := asyncio.NewFuture[int](ctx)
		asyncio.LoopOf(ctx).CallSoon(func() {
			for _, call := range calls {
				wantErr(t, call.name, call.call(ctx), asyncio.ErrWrongTask)
			}
			// It may do what needs only the loop.
			task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 1, asyncio.Sleep(ctx, time.Second) })
			task.OnDone(func() { f.SetResult(1) })
			if asyncio.CurrentTask(ctx) != nil {
				t.Error("CurrentTask in a callback: want nil")
			}
		})
		await(ctx, t, f)
		if *used != 0 {
			t.Errorf("%d functions were entered", *used)
		}
	})
}
